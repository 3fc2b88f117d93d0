// The steps: forward node by node in the order of the graph, then backward in the opposite order.

/** What was asked for and is not there. */
const notComputed = '–';

function stepsOf(level) {
  const forward = [], backward = [];
  const hasGradient = index => {
    const said = [level.nodes[index].gradient, ...level.outOf[index].map(edge => edge.gradient), ...level.into[index].map(edge => edge.gradient)];
    return said.some(text => text && text !== notComputed);
  };
  const given = [];
  level.nodes.forEach((node, index) => {
    if (node.kind === 'hidden') return;
    if (node.kind !== 'output') (level.into[index].length > 0 ? forward : given).push({ node: index, back: false });
    if (hasGradient(index)) backward.unshift({ node: index, back: true });
  });
  // What is given is there at once.
  const nodes = given.map(({ node }) => node);
  return [...(nodes.length > 0 ? [{ node: nodes[0], nodes, back: false }] : []), ...forward, ...backward];
}

/** The nodes that a step reaches. */
const nodesOf = step => step.nodes || [step.node];

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

const mostGiven = 24;

/** What is given: the values of all leaves. */
function tellGiven(level, nodes) {
  const said = index => {
    const node = level.nodes[index], { text, isShape } = level.valueOf(index);
    return `${node.name || node.symbol || node.id}${text && !(node.kind === 'constant' && !node.name) ? ` = ${isShape ? `shape ${text}` : text}` : ''}`;
  };
  const more = nodes.length > mostGiven ? `, and ${nodes.length - mostGiven} more` : '';
  return [line('formula', nodes.slice(0, mostGiven).map(said).join(', ') + more), line('quiet', nodes.length === 1 ? 'Its value is given.' : 'Their values are given.')];
}

/** The letters of a formula replaced by names of nodes; constants stay numbers. */
function withNames(formula, level, index) {
  const node = level.nodes[index], names = new Map([['y', calledAt(index)]]);
  for (const edge of level.into[index]) names.set(letter(level, index, edge.operand), calledAt(edge.from));
  for (const [operand, value] of node.constants || []) names.set(letter(level, index, operand), value);
  return formula.replace(/\b(?:y|x\d*)\b/g, name => names.get(name) || name);
}

function tellForward(level, index) {
  const node = level.nodes[index], letters = lettersAt(level, index), y = letters.get('y');
  const parts = [], result = y.text ? (y.isShape ? `shape ${y.text}` : y.text) : null;
  const right = (node.formula || '').replace(/^y = /, '');
  const numbers = right && withNumbers(right, letters);
  if (node.formula) parts.push(line('formula', [withNames(node.formula, level, index), numbers, y.isShape ? null : y.text].filter(Boolean).join(' = ')));
  const operands = level.into[index].map(edge => `${letter(level, index, edge.operand)} = ${edge.value || '?'} (${level.nameOf(edge.from) || level.nodes[edge.from].id})`);
  for (const [operand, value] of node.constants || []) operands.push(`${letter(level, index, operand)} = ${value} (constant)`);
  parts.push(line('', `${operands.join(', ')}${result ? ` → y = ${result}` : ''}`));
  return parts;
}

/** The local derivatives of an op of single numbers by its operands; none where they are not computed. */
function localsAt(level, index) {
  const node = level.nodes[index];
  const known = program && node.kind === 'op' && !node.mark ? ask('local', node.id, 0, moment) : null;
  return (known && known.local) || [];
}

/** A local derivative in names and numbers, and what the chain rule makes of it. */
function tellLocal(level, index, edge, local, rule, dy) {
  const from = calledAt(edge.from), number = shortly(local, 3);
  const stripped = rule && { dy: '1', '−dy': '−1' }[rule] || (rule && /^dy × [^+−]+$/.test(rule) ? rule.slice(5) : null);
  const named = stripped && withNames(stripped, level, index);
  const is = [`∂${calledAt(index)}/∂${from}`, named, named === number ? null : number].filter(Boolean).join(' = ');
  return line('', make('span', 'gradient-text', `${is}, upstream ${dy}, together ${edge.gradient}`), make('span', 'quiet', `  to ${level.label(edge.from)}`));
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
  const rules = new Map(node.rules || []), locals = localsAt(level, index);
  for (const edge of level.into[index]) {
    const local = locals[edge.operand];
    if (edge.gradient && local !== null && local !== undefined && !edge.wrong) {
      parts.push(tellLocal(level, index, edge, local, rules.get(edge.operand), dy));
      continue;
    }
    const rule = rules.get(edge.operand);
    const numbers = rule && rule !== 'dy' && rule !== '0' ? withNumbers(rule, letters) : null;
    const said = [`d${calledAt(edge.from)}`, rule && withNames(rule, level, index), numbers, edge.gradient || null].filter(Boolean).filter((part, i, all) => part !== all[i - 1]);
    parts.push(line('', make('span', 'gradient-text', said.join(' = ')),
      make('span', 'quiet', `  to ${level.label(edge.from)}${edge.wrong ? '; the check found this wrong' : ''}`)));
  }
  return parts;
}

/** Shows a level at one of its steps, or all of it for −1. */
function paintStep(level, position) {
  const step = level.steps[position], done = level.steps.slice(0, position + 1);
  const forward = new Set(done.filter(step => !step.back).flatMap(nodesOf));
  const backward = new Set(done.filter(step => step.back).map(step => step.node));
  const inBackward = Boolean(step && step.back), reached = inBackward ? backward : forward;
  const all = [...level.nodes.keys()];
  // The end of an output's arrow is reached with what it comes from; the backward pass begins there.
  const isReached = index => reached.has(index) || (!inBackward && level.nodes[index].kind === 'output' && level.into[index].some(edge => reached.has(edge.from)));
  const off = !step;
  level.markNodes('pale', off ? [] : all.filter(index => !isReached(index)));
  level.markNodes('no-gradient', off ? [] : all.filter(index => !backward.has(index)));
  level.markNodes('now', off ? [] : nodesOf(step));
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
  const title = step.nodes && step.nodes.length > 1 ? `${step.nodes.length} leaves` : level.label(step.node);
  const tell = () => (step.back ? tellBackward(level, step.node) : step.nodes ? tellGiven(level, step.nodes) : tellForward(level, step.node));
  const question = asks(level, step) ? questionOf(level, step, tell) : null;
  at('story').replaceChildren(line('', phase, title), ...(question || tell()));
}

/** The step of another drawing that tells the same; −1 if there is none. */
function sameStep(from, position, to) {
  const step = from.steps[position];
  if (!step) return -1;
  const node = to.counterpart(from.nodes[step.node]);
  return to.steps.findIndex(other => nodesOf(other).includes(node) && other.back === step.back);
}
