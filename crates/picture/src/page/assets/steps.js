// The steps: forward node by node in the order of the graph, then backward in the opposite order.

/** What was asked for and is not there. */
const notComputed = '–';

function stepsOf(level) {
  const forward = [], backward = [];
  const hasGradient = index => {
    const said = [level.nodes[index].gradient, ...level.outOf[index].map(edge => edge.gradient), ...level.into[index].map(edge => edge.gradient)];
    return said.some(text => text && text !== notComputed);
  };
  level.nodes.forEach((node, index) => {
    if (node.kind === 'hidden') return;
    if (node.kind !== 'output') forward.push({ node: index, back: false });
    if (hasGradient(index)) backward.unshift({ node: index, back: true });
  });
  return forward.concat(backward);
}

/** The letter of an operand, as formulas and rules write it. */
function letter(level, index, operand) {
  const node = level.nodes[index];
  const known = level.into[index].length + (node.constants || []).length;
  return known === 1 && !/\bx\d/.test(node.formula || '') ? 'x' : `x${operand}`;
}

/** What the letters at a node stand for. */
function lettersAt(level, index) {
  const node = level.nodes[index], letters = new Map();
  for (const edge of level.into[index]) letters.set(letter(level, index, edge.operand), { text: edge.value, isShape: edge.isShape });
  for (const [operand, value] of node.constants || []) letters.set(letter(level, index, operand), { text: value });
  letters.set('y', level.valueOf(index));
  letters.set('dy', { text: gradientAt(level, index) });
  return letters;
}

/** The whole gradient of a node, as the drawing says it: its sum, or what came along its only arrow. */
function gradientAt(level, index) {
  const out = level.outOf[index];
  if (level.nodes[index].kind === 'output') return level.into[index][0] && level.into[index][0].gradient;
  return out.length === 1 && out[0].gradient ? out[0].gradient : level.nodes[index].gradient;
}

/** A formula with numbers in the place of its letters; nothing if one is not known or too long to be read there. */
function withNumbers(formula, letters) {
  let complete = true;
  const text = formula.replace(/\b(?:dy|y|x\d*)\b/g, name => {
    const said = letters.get(name);
    if (!said || !said.text || said.isShape || said.text === notComputed || /µ|all|\]\s*,?\s*\[/.test(said.text) || said.text.length > 22) complete = false;
    return said && said.text ? (/^−/.test(said.text) ? `(${said.text})` : said.text) : name;
  });
  return complete && text !== formula ? text : null;
}

/** A paragraph of a step. */
const line = (className, ...content) => make('p', className, ...content);

function tellForward(level, index) {
  const node = level.nodes[index], letters = lettersAt(level, index), y = letters.get('y');
  const parts = [], result = y.text ? (y.isShape ? `shape ${y.text}` : y.text) : null;
  if (level.into[index].length === 0) {
    parts.push(line('formula', `${node.name || node.symbol || node.id}${result ? ` = ${result}` : ''}`));
    parts.push(line('quiet', `${node.kind}: its value is given`));
    return parts;
  }
  const right = (node.formula || '').replace(/^y = /, '');
  const numbers = right && withNumbers(right, letters);
  if (node.formula) parts.push(line('formula', [node.formula, numbers, y.isShape ? null : y.text].filter(Boolean).join(' = ')));
  const operands = level.into[index].map(edge => `${letter(level, index, edge.operand)} = ${edge.value || '?'} (${level.nameOf(edge.from) || level.nodes[edge.from].id})`);
  for (const [operand, value] of node.constants || []) operands.push(`${letter(level, index, operand)} = ${value} (constant)`);
  parts.push(line('', `${operands.join(', ')}${result ? ` → y = ${result}` : ''}`));
  return parts;
}

function tellBackward(level, index) {
  const node = level.nodes[index], letters = lettersAt(level, index), dy = gradientAt(level, index) || notComputed;
  const parts = [], out = level.outOf[index].filter(edge => edge.gradient);
  if (node.kind === 'output') {
    parts.push(line('formula gradient-text', `dy = ${dy}`));
    parts.push(line('quiet', 'the backward pass begins: the derivative of the output with respect to itself'));
    return parts;
  }
  const isLeaf = level.into[index].length === 0, own = isLeaf ? `gradient of ${node.name || node.id}` : 'dy';
  const sum = out.length > 1 ? `${out.map(edge => edge.gradient).join(' + ').replace(/\+ −/g, '− ')} = ` : '';
  parts.push(line(`gradient-text${isLeaf ? ' formula' : ''}`, `${own} = ${sum}${dy}`,
    make('span', 'quiet', out.length > 1 ? `  the sum over ${out.length} arrows` : '')));
  const rules = new Map(node.rules || []);
  for (const edge of level.into[index]) {
    const name = letter(level, index, edge.operand), rule = rules.get(edge.operand);
    const numbers = rule && rule !== 'dy' && rule !== '0' ? withNumbers(rule, letters) : null;
    const said = [`d${name}`, rule, numbers, edge.gradient || null].filter(Boolean).filter((part, i, all) => part !== all[i - 1]);
    parts.push(line('', make('span', 'gradient-text', said.join(' = ')),
      make('span', 'quiet', `  to ${level.label(edge.from)}${edge.wrong ? '; the check found this wrong' : ''}`)));
  }
  return parts;
}

/** Shows a level at one of its steps, or all of it for −1. */
function paintStep(level, position) {
  const step = level.steps[position], done = level.steps.slice(0, position + 1);
  const forward = new Set(done.filter(step => !step.back).map(step => step.node));
  const backward = new Set(done.filter(step => step.back).map(step => step.node));
  const inBackward = Boolean(step && step.back), reached = inBackward ? backward : forward;
  const all = [...level.nodes.keys()];
  // The end of an output's arrow is reached with what it comes from; the backward pass begins there.
  const isReached = index => reached.has(index) || (!inBackward && level.nodes[index].kind === 'output' && level.into[index].some(edge => reached.has(edge.from)));
  const off = !step;
  level.markNodes('pale', off ? [] : all.filter(index => !isReached(index)));
  level.markNodes('no-gradient', off ? [] : all.filter(index => !backward.has(index)));
  level.markNodes('now', off ? [] : [step.node]);
  level.markNodes('now-back', inBackward ? [step.node] : []);
  level.markEdges('no-value', off ? [] : level.edges.filter(edge => !forward.has(edge.from) && level.nodes[edge.from].kind !== 'hidden'));
  level.markEdges('no-gradient', off ? [] : level.edges.filter(edge => !backward.has(edge.to)));
  for (const edge of level.edges) {
    const [shape] = edge.parts;
    if (shape) shape.classList.toggle('pale', !off && !(inBackward ? backward.has(edge.to) : forward.has(edge.from)));
  }
  level.markEdges('lit', off || inBackward ? [] : level.into[step.node]);
  level.markEdges('lit-back', inBackward ? level.into[step.node].filter(edge => edge.gradient) : []);
}

/** Tells a step in words and numbers. */
function tellStep(level, position) {
  const step = level.steps[position];
  if (!step) {
    const hint = level.steps.some(step => step.back) ? 'the forward pass and then the backward pass' : 'the forward pass';
    at('story').replaceChildren(line('quiet', `Press → or Play to walk through ${hint}, node by node.`));
    return;
  }
  // A node that the reverse pass recorded is computed like any other, and says so.
  const recorded = level.nodes[step.node].backward;
  const phase = make('span', step.back || recorded ? 'phase back' : 'phase', step.back ? 'backward' : recorded ? 'recorded backward' : 'forward');
  const parts = step.back ? tellBackward(level, step.node) : tellForward(level, step.node);
  at('story').replaceChildren(line('', phase, level.label(step.node)), ...parts);
}

/** The step of another drawing that tells the same; −1 if there is none. */
function sameStep(from, position, to) {
  const step = from.steps[position];
  if (!step) return -1;
  const node = to.counterpart(from.nodes[step.node]);
  return to.steps.findIndex(other => other.node === node && other.back === step.back);
}
