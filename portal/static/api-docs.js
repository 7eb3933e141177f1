// Draws the API's description with Swagger UI (vendor/), which a module of ours has to start: no inline script here.

const place = document.getElementById("api-docs");
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// Writes of a logged-in browser carry its CSRF token; a program with a token of its own needs none.
const withCsrf = (request) => {
  if (!["GET", "HEAD", "OPTIONS"].includes(request.method?.toUpperCase()) && !request.headers?.Authorization) {
    request.headers["X-CSRF-Token"] = place.dataset.csrf;
  }
  return request;
};

if (window.SwaggerUIBundle === undefined) {
  place.textContent = "Swagger UI is not installed here: run scripts/setup.sh. The description itself is openapi.json.";
} else {
  window.SwaggerUIBundle({
    url: place.dataset.description,
    domNode: place,
    deepLinking: false, // its links stand within buttons, which a screen reader cannot make sense of
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    syntaxHighlight: { theme: "obsidian" }, // its colours can be read
    tryItOutEnabled: false,
    validatorUrl: null, // asks nobody outside
    withCredentials: true,
    persistAuthorization: false, // a token does not stay in the browser
    requestInterceptor: withCsrf,
  });
}

// What Swagger UI leaves out for those who do not see the page, or use no mouse.
const complete = () => {
  for (const text of place.querySelectorAll("textarea.body-param__text:not([aria-label])")) {
    text.setAttribute("aria-label", "Request body");
  }
  for (const example of place.querySelectorAll("pre:not([tabindex])")) {
    example.tabIndex = 0;
  }
};
new MutationObserver(complete).observe(place, { childList: true, subtree: true });
