// The API's description, read from our own address.
window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger", deepLinking: true });
