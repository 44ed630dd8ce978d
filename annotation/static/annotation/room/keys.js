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
    const run = room.screening ? meaning(event) : takingBack(event);
    if (!run) return;
    event.preventDefault();
    if (!event.repeat || REPEATS.has(event.code)) run();
  });

  const takingBack = ({ code, ctrlKey, metaKey, shiftKey }) =>
    code === "KeyZ" && (ctrlKey || metaKey) && !shiftKey && room.canTakeBack ? () => room.takeBack() : null;

  function meaning(event) {
    const { code, key, target, ctrlKey, metaKey, altKey, shiftKey } = event;
    const typing = target.matches("textarea, input:not([type=radio], [type=checkbox])");
    if (ctrlKey || metaKey) {
      if (code === "Enter" || code === "NumpadEnter") return () => room.submit();
      return typing ? null : takingBack(event);
    }
    if (altKey) return shiftKey ? null : alt[code];
    if (typing) return code === "Escape" && target.closest(".card") ? () => room.answers.outOfReason() : null;
    if (key === "?") return shift.Slash;
    if (shiftKey) return shift[code];
    return target.closest(NATIVE[code] ?? "nothing") ? null : bare[code];
  }
}
