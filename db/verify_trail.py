"""Check that nobody changed the trail after it was written.

python -m db.verify_trail               # says how many events hold, and the head of the chain
python -m db.verify_trail --head HASH   # a head that was noted elsewhere must still be in the chain
"""

import argparse

from db import trail
from db.session import open_database
from db.settings import HouseSettings, WrongSetting, kept_secret, read_settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--head", default="", help="the head that an earlier run printed")
    args = parser.parse_args()
    try:
        house = read_settings(HouseSettings)
    except WrongSetting as error:
        raise SystemExit(str(error)) from None
    key = kept_secret("trail", house.var_dir).encode()
    with open_database(house.database_url).reading() as session:
        found = list(trail.faults(session, key, args.head))
        sealed, head = trail.head_of(session)
    for fault in found:
        print(fault)
    if found:
        raise SystemExit(f"The trail does not hold: {len(found)} faults in {sealed} sealed events.")
    print(
        f"The trail holds: {sealed} events, head {head}. Keep the head elsewhere: only it shows an end that was cut off."
    )


if __name__ == "__main__":
    main()
