// Moments of a training run: a slider, and a line of the output over them.

const moments = data.moments || [];
let moment = 0, runTimer = 0;

/** A drawing of the output over the moments, with a dot at each; nothing if it is not a number at two of them. */
function curve() {
  const known = moments.map(({ output }, index) => [index, Number(output)]).filter(([index]) => moments[index].output !== undefined);
  if (known.length < 2) return null;
  const numbers = known.map(([, y]) => y), low = Math.min(...numbers), high = Math.max(...numbers);
  const width = 240, height = 44;
  const x = index => 8 + (width - 16) * index / (moments.length - 1);
  const y = value => 6 + (height - 12) * (high > low ? (high - value) / (high - low) : 0.5);
  const svg = shapeOf('svg', 'curve', { viewBox: `0 0 ${width} ${height}`, role: 'img' });
  svg.setAttribute('aria-label', `the output over the moments, from ${numbers[0]} to ${numbers[numbers.length - 1]}, lowest ${low}, highest ${high}`);
  svg.append(shapeOf('polyline', '', { points: known.map(([index, value]) => `${x(index)},${y(value)}`).join(' ') }));
  for (const [index, value] of known) {
    const dot = shapeOf('circle', '', { cx: x(index), cy: y(value), r: 3.5 });
    dot.dataset.moment = index;
    const said = shapeOf('title');
    said.textContent = `${moments[index].label}: ${value}`;
    dot.append(said);
    svg.append(dot);
  }
  return svg;
}

/** Lays the slider out. `shown` is called whenever another moment is to be shown. */
function prepareTimeline(shown) {
  if (moments.length < 2) return;
  at('timeline').hidden = false;
  at('moment').max = moments.length - 1;
  const line = curve();
  if (line) {
    at('curve').append(line);
    line.addEventListener('click', event => {
      const box = line.getBoundingClientRect();
      const part = ((event.clientX - box.left) / box.width * 240 - 8) / 224;
      endRun();
      goToMoment(Math.round(part * (moments.length - 1)), shown);
    });
  }
  at('moment').addEventListener('input', () => { endRun(); goToMoment(Number(at('moment').value), shown); });
  at('timeline-back').addEventListener('click', () => { endRun(); goToMoment(moment - 1, shown); });
  at('timeline-forth').addEventListener('click', () => { endRun(); goToMoment(moment + 1, shown); });
  at('timeline-play').addEventListener('click', () => runTimeline(shown));
  goToMoment(0, shown);
}

function goToMoment(wanted, shown) {
  if (moments.length < 2) return;
  moment = Math.min(Math.max(wanted, 0), moments.length - 1);
  const { label, output } = moments[moment];
  at('moment').value = moment;
  const end = level.nodes.find(node => node.kind === 'output');
  const said = output === undefined ? label || '' : `${label || moment}: ${(end && end.name) || 'output'} ${output.replace('-', '−')}`;
  at('moment').setAttribute('aria-valuetext', said);
  at('moment-said').textContent = said;
  for (const dot of at('curve').querySelectorAll('circle')) dot.classList.toggle('here', Number(dot.dataset.moment) === moment);
  at('timeline-back').disabled = moment === 0;
  at('timeline-forth').disabled = moment === moments.length - 1;
  shown();
}

function endRun() {
  clearInterval(runTimer);
  runTimer = 0;
  at('timeline-play').textContent = 'Play the run';
}

function runTimeline(shown) {
  if (runTimer) return endRun();
  goToMoment(moment + 1 < moments.length ? moment + 1 : 0, shown);
  at('timeline-play').textContent = 'Pause';
  runTimer = setInterval(() => {
    goToMoment(moment + 1, shown);
    if (moment + 1 >= moments.length) endRun();
  }, 800);
}
