// The table of keys. Keys are matched by their place (`event.code`), so that input methods do not matter.
// Bare keys are off while typing, in dialogs, and where the focused control means the key itself.

const NATIVE = {
  Space: "button, a, summary, [type=radio]:not(:checked), [type=checkbox]",
  ArrowLeft: "[type=radio]",
  ArrowRight: "[type=radio]",
  ArrowUp: "[type=radio], .reasoning-text, .prompt",
  ArrowDown: "[type=radio], .reasoning-text, .prompt",
};
const REPEATS = new Set(["Comma", "Period", "ArrowLeft", "ArrowRight"]);

// While one video gives way to the next, keys wait for it.
let held = null;

export const holdKeys = () => (held = []);

export function dropHeld() {
  const keys = held ?? [];
  held = null;
  return keys;
}

// Nothing came after all: letters go into the text that they were typed in.
export function typeHeld(element) {
  const letters = dropHeld().map(({ key }) => (key.length === 1 ? key : ""));
  if (element.matches("textarea") && letters.length) document.execCommand("insertText", false, letters.join(""));
}

// `room` does what the keys say; the listener lives as long as the page.
export function listen(room) {
  const bare = {
    Space: () => room.player.toggle(),
    Comma: () => room.player.step(-1),
    Period: () => room.player.step(1),
    ArrowLeft: () => room.player.jump(-1),
    ArrowRight: () => room.player.jump(1),
    ArrowUp: () => room.answers.move(-1),
    ArrowDown: () => room.answers.move(1),
    KeyL: () => room.player.toggleLoop(),
    KeyZ: () => room.player.zoom.toggle(),
    BracketLeft: () => room.player.setStretch("a"),
    BracketRight: () => room.player.setStretch("b"),
    Escape: () => room.player.stretch.clear(),
    KeyG: () => room.open("guidelines"),
    KeyK: () => room.answers.keep(),
    KeyT: () => room.answers.intoReason(),
    KeyM: () => room.mark(),
    KeyF: () => room.answers.toggleFlag(),
  };
  for (const value of [1, 2, 3, 4, 5]) {
    bare[`Digit${value}`] = bare[`Numpad${value}`] = () => room.answers.score(value);
  }
  const shift = {
    Comma: () => room.player.changeSpeed(-1),
    Period: () => room.player.changeSpeed(1),
    Slash: () => room.open("help"),
  };
  const alt = {
    KeyM: () => room.mark(),
    KeyP: () => room.player.toggle(),
    Comma: () => room.player.step(-1),
    Period: () => room.player.step(1),
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || document.querySelector("dialog[open]")) return;
    if (held && room.screening) return hold(event);
    const run = room.screening ? meaning(event, event.target) : takingBack(event);
    if (!run) return;
    event.preventDefault();
    if (!event.repeat || REPEATS.has(event.code)) run();
  });

  // Pressed for the video that is on the screen now.
  room.pressHeld = () => {
    for (const event of dropHeld()) {
      const target = document.activeElement;
      const run = meaning(event, target);
      if (run) run();
      else if (target.matches("textarea") && event.key.length === 1) document.execCommand("insertText", false, event.key);
    }
  };

  // A second Ctrl+Enter is the same one; the browser's own keys stay its own.
  function hold(event) {
    const { key, ctrlKey, metaKey, repeat } = event;
    const command = ctrlKey || metaKey;
    if (command ? key !== "Enter" : key.length > 1 && key !== "Escape") return;
    event.preventDefault();
    if (!command && !repeat) held.push(event);
  }

  // Too late it does nothing: the browser would undo words in a text that nobody is in.
  const takingBack = ({ code, ctrlKey, metaKey, shiftKey }) =>
    code === "KeyZ" && (ctrlKey || metaKey) && !shiftKey ? () => room.canTakeBack && room.takeBack() : null;

  function meaning(event, target) {
    const { code, key, ctrlKey, metaKey, altKey, shiftKey } = event;
    const typing = target.matches("textarea, input:not([type=radio], [type=checkbox])");
    if (ctrlKey || metaKey) {
      if (code === "Enter" || code === "NumpadEnter") return () => room.submit();
      return typing ? null : takingBack(event);
    }
    if (altKey) return shiftKey ? null : alt[code];
    if (typing) return code === "Escape" && target.closest(".answers") ? () => room.answers.outOfReason() : null;
    if (key === "?") return shift.Slash;
    if (shiftKey) return shift[code];
    return target.closest(NATIVE[code] ?? "nothing") ? null : bare[code];
  }
}
