// The program that the page carries: it draws the graph with other groups open, and computes its numbers.

let program = null;

/** The bytes of an element that holds them compressed, as letters. */
async function bytesOf(id) {
  const letters = atob(at(id).textContent), bytes = Uint8Array.from(letters, letter => letter.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/** Starts the program; afterwards `ask` answers. */
async function startProgram() {
  const [code, carried] = await Promise.all(['program', 'carried'].map(bytesOf));
  const { instance } = await WebAssembly.instantiate(code, {});
  program = instance.exports;
  const { problem } = hand('open_page', carried);
  if (problem) throw new Error(problem);
}

/** Hands bytes to a function of the program, and reads its reply: its data, and its drawing where there is one. */
function hand(name, bytes) {
  // Memory that has grown is another buffer.
  const room = program.room(bytes.length);
  new Uint8Array(program.memory.buffer, room, bytes.length).set(bytes);
  const place = program[name](), memory = program.memory.buffer, [length, drawn] = new Uint32Array(memory.slice(place, place + 8));
  const text = (from, size) => new TextDecoder().decode(new Uint8Array(memory, from, size));
  return { ...JSON.parse(text(place + 8, length)), svg: drawn ? text(place + 8 + length, drawn) : null };
}

/** Asks the program; none if it does not run. */
const ask = request => (program ? hand('answer', new TextEncoder().encode(JSON.stringify(request))) : null);

/** The drawing of a reply, in an element of its own. */
function placeOf(svg) {
  const place = make('div', 'drawing');
  // What is no image has no shapes: the drawing has no namespace of its own, as in the page.
  const parsed = new DOMParser().parseFromString(svg, 'text/html');
  place.append(document.adoptNode(parsed.body.firstElementChild));
  return place;
}

/** Settles when the program runs, or cannot; then the page stays as it is. */
const programStarted = data.live ? startProgram().catch(problem => {
  program = null;
  at('groups').hidden = true;
  at('told').textContent = `Groups stay as they are: ${problem.message}`;
}) : Promise.resolve();
