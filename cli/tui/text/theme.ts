/**
 * Colours by meaning. What a colour says is also said by a word or a sign, so that nothing depends
 * on it; the colours are blue, orange and grey, which colour-blind people distinguish.
 */

/** What a part of the screen is. */
export type Tone =
  | 'plain'
  | 'strong'
  | 'dim'
  | 'bad'
  | 'notable'
  | 'change'
  | 'device'
  | 'match'
  | 'cursor'
  | 'title';

/** `auto` is what the terminal says of its background. */
export type ThemeName = 'auto' | 'light' | 'dark';

/** Numbers of SGR, the sequences that set colours (ECMA-48, 8.3.117); 38;5 are 256 colours. */
type Colors = Readonly<Record<Tone, string>>;

const NO_COLORS: Colors = {
  plain: '',
  strong: '1',
  dim: '',
  bad: '1',
  notable: '',
  change: '',
  device: '',
  match: '4',
  cursor: '7',
  title: '7',
};

const DARK: Colors = {
  ...NO_COLORS,
  dim: '38;5;246',
  bad: '1;38;5;214',
  notable: '38;5;222',
  change: '38;5;117',
  device: '38;5;153',
  title: '1;38;5;255;48;5;24',
};

const LIGHT: Colors = {
  ...NO_COLORS,
  dim: '38;5;242',
  bad: '1;38;5;130',
  notable: '38;5;94',
  change: '38;5;25',
  device: '38;5;24',
  title: '1;38;5;231;48;5;24',
};

/** Applies a tone to text. */
export type Paint = (tone: Tone, text: string) => string;

/** @param colors null where the terminal or the user wants none */
export function painter(colors: 'light' | 'dark' | null): Paint {
  const table = colors === null ? NO_COLORS : colors === 'light' ? LIGHT : DARK;
  return (tone, text) => {
    const sgr = table[tone];
    return sgr === '' || text === '' ? text : `\u001b[${sgr}m${text}\u001b[0m`;
  };
}

/**
 * The theme for a terminal's answer to OSC 11, `rgb:RRRR/GGGG/BBBB` (XTerm Control Sequences,
 * Operating System Commands); null when it is no such answer.
 */
export function themeFor(answer: string): 'light' | 'dark' | null {
  const match = /rgb:([0-9a-f]+)\/([0-9a-f]+)\/([0-9a-f]+)/i.exec(answer);
  if (match === null) return null;
  const [red, green, blue] = match
    .slice(1)
    .map((digits) => Number.parseInt(digits, 16) / (16 ** digits.length - 1));
  // Weights of brightness (ITU-R BT.709).
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5 ? 'light' : 'dark';
}
