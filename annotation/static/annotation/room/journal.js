// A copy of unsaved answers on this computer, one per user and video, written at every input.
// It exists exactly while something was typed that the server has not confirmed.

const PREFIX = "screening-room:draft:";
const KEEP_MS = 30 * 24 * 3600 * 1000;

export class Journal {
  constructor(user, video) {
    this.key = `${PREFIX}${user}:${video}`;
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  // `entry`: {fields, revision they were written on, draft: its submit key, sent: fields on their way to the server}.
  // False when refused.
  write(entry) {
    try {
      localStorage.setItem(this.key, JSON.stringify({ ...entry, at: Date.now() }));
      return true;
    } catch {
      return false;
    }
  }

  // Whether the rater has read what the check says about the draft with this submit key.
  wasWarned(draft) {
    try {
      return JSON.parse(localStorage.getItem(this.#warnedKey))?.draft === draft;
    } catch {
      return false;
    }
  }

  keepWarned(draft) {
    try {
      localStorage.setItem(this.#warnedKey, JSON.stringify({ draft, at: Date.now() }));
    } catch {
      // A browser that keeps nothing warns again after a reload.
    }
  }

  get #warnedKey() {
    return `${this.key}:warned`;
  }

  clear() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // A browser that keeps nothing has nothing to forget.
    }
  }
}

// Forget what nobody came back for in a month.
export function forgetOld() {
  try {
    for (const key of Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) {
      if (!(JSON.parse(localStorage.getItem(key))?.at > Date.now() - KEEP_MS)) localStorage.removeItem(key);
    }
  } catch {
    // Storage is off: nothing is kept, nothing to forget.
  }
}
