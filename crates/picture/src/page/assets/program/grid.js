// Arrays element by element: small ones as a grid of numbers, larger ones as a heat map.

const mostInGrid = 64, widestGrid = 8;

/** The rows and columns in which an array is shown: its last axis runs across. */
function rowsAndColumns({ shape, count }) {
  const columns = shape.length === 0 ? 1 : shape[shape.length - 1] || 1;
  return [Math.ceil(count / columns), columns];
}

/** The elements of an array; `chosen` is called with the one that is clicked. */
function gridOf(known) {
  const [rows, columns] = rowsAndColumns(known);
  return known.count <= mostInGrid && columns <= widestGrid ? numberGrid(known, columns) : heatMap(known, rows, columns);
}

function numberGrid(known, columns) {
  const table = make('table', 'grid'), cells = [];
  const grid = { shape: table, chosen: null };
  for (let first = 0; first < known.count; first += columns) {
    const row = make('tr');
    for (let element = first; element < Math.min(first + columns, known.count); element += 1) {
      const cell = known.editable ? button('cell', () => grid.chosen && grid.chosen(element)) : make('span', 'cell');
      cells.push(cell);
      row.append(make('td', '', cell));
    }
    table.append(row);
  }
  grid.fill = fresh => cells.forEach((cell, element) => {
    const gradient = fresh.gradient ? make('span', 'gradient-text', shortly(fresh.gradient[element], 3)) : null;
    cell.replaceChildren(make('span', '', shortly(fresh.value[element], 3)), ...(gradient ? [gradient] : []));
    cell.classList.toggle('chosen', known.editable && element === editing.element);
    cell.setAttribute('aria-label', `[${indexOfElement(fresh.shape, element).join(', ')}] ${exactly(fresh.value[element])}`);
  });
  grid.fill(known);
  return grid;
}

/** A colour between two, blue for what is negative and red for what is positive. */
function heat(x, most) {
  if (!Number.isFinite(x)) return [255, 0, 255];
  const part = most > 0 ? Math.min(1, Math.abs(x) / most) : 0, [r, g, b] = x < 0 ? [33, 102, 172] : [178, 24, 43];
  return [r, g, b].map(c => Math.round(247 + (c - 247) * part));
}

function heatMap(known, rows, columns) {
  const shown = known.value.length, canvas = make('canvas', 'heat'), said = make('div', 'ends'), holder = make('div', '', canvas, said);
  const high = Math.ceil(shown / columns);
  [canvas.width, canvas.height] = [columns, high];
  canvas.style.aspectRatio = `${columns} / ${Math.max(high, columns / 12)}`;
  const grid = { shape: holder, chosen: null };
  grid.fill = fresh => {
    const numbers = fresh.value.map(Number), finite = numbers.filter(Number.isFinite);
    const low = Math.min(...finite), top = Math.max(...finite), most = Math.max(Math.abs(low), Math.abs(top));
    const image = new ImageData(columns, high);
    numbers.forEach((x, element) => image.data.set([...heat(x, most), 255], 4 * element));
    canvas.getContext('2d').putImageData(image, 0, 0);
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `${fresh.shape.join(' × ')} elements from ${shortly(low)} to ${shortly(top)}`);
    said.replaceChildren(make('span', '', `min ${shortly(low, 3)}`), make('span', 'quiet', shown < fresh.count ? `the first ${shown} of ${fresh.count}` : ''), make('span', '', `max ${shortly(top, 3)}`));
  };
  canvas.addEventListener('click', event => {
    const box = canvas.getBoundingClientRect();
    const column = Math.min(columns - 1, Math.floor((event.clientX - box.left) / box.width * columns));
    const row = Math.min(high - 1, Math.floor((event.clientY - box.top) / box.height * high));
    if (grid.chosen && row * columns + column < shown) grid.chosen(row * columns + column);
  });
  grid.fill(known);
  return grid;
}
