// The address of the page: what is open, changed and selected stands behind its #, so that a link shows it again.

/** What is open at first. */
const firstOpen = [...(data.open || [])].sort();

/** What the address says of the page as it is. */
function addressOf() {
  const parts = new URLSearchParams(), open = [...level.open].sort();
  if (data.playground !== undefined && at('expression').value !== data.playground) parts.set('expression', at('expression').value);
  if (open.join('\n') !== firstOpen.join('\n')) parts.set('open', open.join('\n'));
  const last = new Map(edits.map(({ id, element, moment: when, after }) => [`${id} ${element} ${when}`, after]));
  if (last.size > 0) parts.set('set', [...last].map(([place, number]) => `${place} ${number}`).join(';'));
  const node = level.nodes[selected];
  if (node && node.kind !== 'layer') parts.set('node', node.id);
  if (moment > 0) parts.set('moment', moment);
  return parts.toString();
}

let written = '';

function writeAddress() {
  const address = addressOf();
  if (address === written) return;
  written = address;
  try { history.replaceState(null, '', address ? `#${address}` : location.pathname + location.search); } catch { /* A viewer may not let a page change its address. */ }
}

/** Shows what the address says. */
function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  written = parts.toString();
  if (parts.has('expression')) { at('expression').value = parts.get('expression'); express(); }
  if (parts.has('moment')) goToMoment(Number(parts.get('moment')), showMoment);
  for (const change of (parts.get('set') || '').split(';').filter(Boolean)) {
    const [id, element, when, number] = change.split(' ');
    const known = ask('elements', id, element, when);
    if (known.problem || !known.value) continue;
    const { problem } = ask('set', id, element, when, number);
    if (!problem) edits.push({ id, element: Number(element), moment: Number(when), before: exactly(known.value[element]), after: number });
  }
  if (parts.has('open')) request(['only', ...parts.get('open').split('\n').filter(Boolean)], null);
  else if (edits.length > 0) request(['draw'], null);
  const index = parts.has('node') ? level.indexOf(parts.get('node')) : -1;
  if (index >= 0) visit(index);
  at('edits').hidden = edits.length === 0;
}
