// Every drawing of graphs/ in the browser: it is read without an error, and its texts have the room that was kept for them.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFile, root } from './browser.mjs';

const folder = join(root, 'graphs');
const names = readdirSync(folder).filter(name => name.endsWith('.svg')).sort();

/** What is wrong with the drawing that is open, as sentences. */
function faults() {
  const problems = [], svg = document.documentElement;
  if (svg.localName !== 'svg' || document.querySelector('parsererror')) return ['it is no SVG'];
  const [x, y, width, height] = svg.getAttribute('viewBox').split(' ').map(Number);
  const canvas = { left: x, top: y, right: x + width, bottom: y + height };
  const inside = (box, around, slack) => box.x >= around.left - slack && box.y >= around.top - slack
    && box.x + box.width <= around.right + slack && box.y + box.height <= around.bottom + slack;
  if (document.querySelectorAll('.node').length === 0) problems.push('no node');
  for (const node of document.querySelectorAll('.node')) {
    const box = node.getBBox(), id = node.dataset.id, isEnd = node.matches('.output, .hidden') && !node.querySelector('text');
    if (!isEnd && (box.width < 5 || box.height < 5)) problems.push(`${id} is ${box.width} × ${box.height}`);
    if (!inside(box, canvas, 0.5)) problems.push(`${id} is cut by the canvas`);
  }
  for (const line of document.querySelectorAll('.edge .line')) {
    if (!(line.getTotalLength() > 1)) problems.push(`an arrow without length: ${line.parentNode.dataset.from}`);
  }
  let measured = 0;
  for (const text of document.querySelectorAll('text')) {
    const wide = text.getComputedTextLength(), said = text.textContent;
    if (!(wide > 0)) problems.push(`"${said}" has no width`);
    if (!inside(text.getBBox(), canvas, 1)) problems.push(`"${said}" is cut by the canvas`);
    // A text stands on the plate in front of it, or in the body of its node.
    const before = text.previousElementSibling, node = text.closest('.node');
    const plate = before && before.matches('.plate, .chip, .frame-plate') ? before : node && node.querySelector('.body');
    if (!plate) continue;
    measured += 1;
    const room = plate.getBBox().width;
    if (wide > room + 0.05) problems.push(`"${said}" is ${wide.toFixed(1)} wide, its plate ${room.toFixed(1)}`);
  }
  if (measured === 0) problems.push('no text stands on a plate');
  return problems;
}

test('every graph is drawn, and its texts fit their plates as measured', async () => {
  assert.ok(names.length >= 15);
  const { page, close, go } = await openFile(join(folder, names[0]));
  for (const name of names) {
    await go(join(folder, name));
    assert.deepEqual(await page.evaluate(faults), [], name);
  }
  await close();
});
