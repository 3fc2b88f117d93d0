// Predict first: the number of a step is hidden until the reader has typed theirs.

let predicts = false;
/** The steps whose number was found or shown. */
const revealed = new Set();

const keyOf = (level, step) => `${level.nodes[step.node].id} ${step.back} ${moment} ${answerOf(level, step)}`;

/** The number that a step finds, as the drawing says it: a value, or of an op's backward step what goes to its first operand. */
function answerOf(level, step) {
  if (step.nodes || (level.nodes[step.node].kind === 'output')) return null;
  const into = level.into[step.node].filter(edge => edge.gradient);
  const said = !step.back ? level.valueOf(step.node).text : into.length > 0 ? into[0].gradient : gradientAt(level, step.node);
  return said && Number.isFinite(numberOf(said)) ? said : null;
}

/** Whether a step asks for its number. */
const asks = (level, step) => predicts && answerOf(level, step) !== null && !revealed.has(keyOf(level, step));

/** Hides the number that is asked for in the drawing, in both passes. */
function hideAnswer(level, position) {
  const step = level.steps[position];
  const hidden = step && asks(level, step) ? (step.back ? level.into[step.node] : level.outOf[step.node]) : [];
  level.markEdges('asked-value', step && !step.back ? hidden : []);
  level.markEdges('asked-gradient', step && step.back ? hidden : []);
  level.markNodes('asked', step && asks(level, step) ? [step.node] : []);
}

/** Whether a number agrees with one that is told with three digits. */
function agrees(typed, answer) {
  return Math.abs(typed - answer) <= 0.011 * Math.abs(answer) + 1e-9;
}

/** The question of a step: what is to be computed, and a field. `tell` gives what stands there afterwards. */
function questionOf(level, step, tell) {
  const index = step.node, node = level.nodes[index], letters = lettersAt(level, index), answer = answerOf(level, step);
  const into = level.into[index].filter(edge => edge.gradient);
  const right = (node.formula || '').replace(/^y = /, '');
  let ask_ = step.back ? `gradient of ${calledAt(index)} = ` : `${withNames(node.formula || calledAt(index), level, index)}${right && withNumbers(right, letters) ? ` = ${withNumbers(right, letters)}` : ''} = `;
  if (step.back && into.length > 0) {
    const local = localsAt(level, index)[into[0].operand], from = calledAt(into[0].from);
    ask_ = local === null || local === undefined ? `gradient to ${from} = ` : `∂${calledAt(index)}/∂${from} × upstream ${gradientAt(level, index)} = `;
  }
  const field = make('input', 'number'), said = make('span', 'quiet', ''), form = make('form', 'question', make('span', 'formula', ask_), field);
  field.type = 'text';
  field.inputMode = 'decimal';
  field.autocomplete = 'off';
  field.setAttribute('aria-label', 'your number');
  const reveal = words => {
    revealed.add(keyOf(level, step));
    hideAnswer(level, position);
    at('story').replaceChildren(at('story').firstChild, ...tell(), line('quiet', words));
    stage.focus({ preventScroll: true });
  };
  form.append(button('', () => reveal(`It is ${answer}.`), 'Show it'), said);
  form.addEventListener('submit', event => {
    event.preventDefault();
    const typed = Number(field.value.replace('−', '-').replace(',', '.'));
    if (field.value.trim() !== '' && agrees(typed, numberOf(answer))) return reveal('✓ That is right.');
    said.textContent = field.value.trim() === '' ? '' : '  Not yet: try again.';
    return field.select();
  });
  setTimeout(() => { if (document.contains(field)) field.focus({ preventScroll: true }); });
  return [form];
}
