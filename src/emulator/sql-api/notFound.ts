/** The HTML page that the web framework sends for a path without a route. */

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? character)

/** Creates the 404 response for a path without a route. */
export const notFound = (request: Request, path: string): Response => {
  const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>Cannot ${escape(request.method)} ${escape(path)}</pre>
</body>
</html>
`
  return new Response(request.method === "HEAD" ? null : page, {
    status: 404,
    headers: {
      "Content-Security-Policy": "default-src 'none'",
      "X-Content-Type-Options": "nosniff",
      "Content-Type": "text/html; charset=utf-8",
      "Content-Length": String(new TextEncoder().encode(page).length)
    }
  })
}
