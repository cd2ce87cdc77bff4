"""Tables only. What may happen to a row stands elsewhere on this floor."""

from db.models.autopilot import AutopilotCategory, AutopilotLook
from db.models.chats import Chat, ChatMessage
from db.models.desk import DeskSetting, Lease, ModelVersion, Part
from db.models.knowledge import Page, PageVersion, Passage
from db.models.learning import Lesson, Retraining, Trial, TrialDraft
from db.models.mails import Attachment, Cursor, Mail, Mailbox, MailboxState
from db.models.people import ApiCall, ApiKey, Invitation, Person, SetUp, SignIn
from db.models.promises import Confirmation, Event, Promise, Seal
from db.models.rows import Base, Moment, now
from db.models.tickets import (
    CannedReply,
    Customer,
    CustomerAddress,
    Edit,
    Note,
    Notice,
    Presence,
    Rule,
    SavedView,
    Tag,
    Ticket,
    Vote,
)
from db.models.webhooks import Delivery, Webhook

__all__ = [
    "ApiCall",
    "ApiKey",
    "Attachment",
    "AutopilotCategory",
    "AutopilotLook",
    "Base",
    "CannedReply",
    "Chat",
    "ChatMessage",
    "Confirmation",
    "Cursor",
    "Customer",
    "CustomerAddress",
    "Delivery",
    "DeskSetting",
    "Edit",
    "Event",
    "Invitation",
    "Lease",
    "Lesson",
    "Mail",
    "Mailbox",
    "MailboxState",
    "ModelVersion",
    "Moment",
    "Note",
    "Notice",
    "Page",
    "PageVersion",
    "Part",
    "Passage",
    "Person",
    "Presence",
    "Promise",
    "Retraining",
    "Rule",
    "SavedView",
    "Seal",
    "SetUp",
    "SignIn",
    "Tag",
    "Ticket",
    "Trial",
    "TrialDraft",
    "Vote",
    "Webhook",
    "now",
]
