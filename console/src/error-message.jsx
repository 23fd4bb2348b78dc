/** An error of the server, with what it says about its place, and a hint if there is one. */
export function ErrorMessage({ error, hint }) {
  const { code, message, details = {}, requestId } = error;
  const facts = ['table', 'columns', 'constraint', 'value']
    .filter((name) => details[name] !== undefined && !(Array.isArray(details[name]) && details[name].length === 0))
    .map((name) => `${name}: ${[details[name]].flat().join(', ')}`);
  return (
    <div class="error" role="alert">
      {code && <strong>{code}</strong>} <span dir="auto">{message}</span>
      {hint && <div dir="auto">{hint}</div>}
      {facts.length > 0 && <div dir="auto">{facts.join(' · ')}</div>}
      {requestId && <div class="faint">request {requestId}</div>}
    </div>
  );
}
