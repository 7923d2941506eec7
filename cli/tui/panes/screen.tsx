/** The panes of the browser, laid out by ink. */
import { Box, type DOMElement, Text } from 'ink';
import type { ReactNode } from 'react';

/** Parts of the screen whose lines the terminal paints. */
export type BodyName =
  | 'title'
  | 'overview'
  | 'list'
  | 'beside'
  | 'devices'
  | 'lanes'
  | 'details'
  | 'state'
  | 'lower'
  | 'help';

/** What ink shows of the browser, as texts. */
export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly screen: 'overview' | 'events' | 'help';
  readonly lowerTitle: string;
  /** Whether a list is below the events, in place of the details and the state. */
  readonly asList: boolean;
  readonly stateTitle: string;
  readonly titles: { readonly devices: string; readonly lanes: string };
  /** Titles of two traces side by side; null when there is only one. */
  readonly beside: { readonly own: string; readonly other: string } | null;
  /** How many lines the lanes get; 0 for no lanes. */
  readonly lanes: number;
  readonly status: string;
}

interface ScreenProps {
  readonly frame: Frame;
  readonly placed: (name: BodyName, node: DOMElement | null) => void;
}

/** Sizes from which panes beside the list are worth their room. */
const WIDE = { columns: 110, rows: 30 };
const DEVICES_WIDTH = 28;
const STATE_WIDTH = 32;
/** With fewer rows there is only the list. */
const ROWS_FOR_DETAILS = 14;

export function Screen({ frame, placed }: ScreenProps) {
  const { columns, rows, screen, status } = frame;
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Box height={1} flexShrink={0}>
        <Body name="title" placed={placed} />
      </Box>
      {screen === 'events' ? (
        <Events frame={frame} placed={placed} />
      ) : (
        <Body name={screen} placed={placed} />
      )}
      <Line>{status}</Line>
    </Box>
  );
}

function Events({ frame, placed }: ScreenProps) {
  const wide = frame.columns >= WIDE.columns && frame.rows >= WIDE.rows;
  return (
    <Box flexDirection="column" flexGrow={1}>
      {frame.beside === null ? (
        <Box flexGrow={1}>
          {wide && (
            <Box flexDirection="column" width={DEVICES_WIDTH} marginRight={1}>
              <Title text={frame.titles.devices} />
              <Body name="devices" placed={placed} />
            </Box>
          )}
          <Box flexDirection="column" flexGrow={1}>
            <Body name="list" placed={placed} />
          </Box>
        </Box>
      ) : (
        <Both frame={frame} titles={frame.beside} placed={placed} />
      )}
      {wide && frame.lanes > 0 && frame.beside === null && (
        <Box flexDirection="column" height={frame.lanes + 1} flexShrink={0}>
          <Title text={frame.titles.lanes} />
          <Body name="lanes" placed={placed} />
        </Box>
      )}
      {(frame.asList || frame.rows >= ROWS_FOR_DETAILS) && <Lower frame={frame} placed={placed} />}
    </Box>
  );
}

/** Two traces, side by side where there is room for that. */
function Both({
  frame,
  titles,
  placed,
}: ScreenProps & { readonly titles: NonNullable<Frame['beside']> }) {
  const isWide = frame.columns >= WIDE.columns;
  const fits = !frame.asList || frame.rows >= ROWS_FOR_DETAILS;
  return (
    <Box flexGrow={1} flexDirection={isWide ? 'row' : 'column'}>
      <Box flexDirection="column" flexGrow={1} flexBasis={0}>
        <Title text={titles.own} />
        <Body name="list" placed={placed} />
      </Box>
      {fits && (
        <Box flexDirection="column" flexGrow={1} flexBasis={0} marginLeft={isWide ? 1 : 0}>
          <Title text={titles.other} />
          <Body name="beside" placed={placed} />
        </Box>
      )}
    </Box>
  );
}

/** Details beside the state, or a list in place of both. */
function Lower({ frame, placed }: ScreenProps) {
  const { columns, rows, lowerTitle, asList } = frame;
  const height =
    rows < ROWS_FOR_DETAILS ? Math.floor(rows / 2) - 1 : Math.max(6, Math.floor(rows / 3.4));
  if (asList) {
    return (
      <Box flexDirection="column" height={height} flexShrink={0}>
        <Title text={lowerTitle} />
        <Body name="lower" placed={placed} />
      </Box>
    );
  }
  return (
    <Box height={height} flexShrink={0}>
      <Box flexDirection="column" flexGrow={1} flexBasis={0}>
        <Title text={lowerTitle} />
        <Body name="details" placed={placed} />
      </Box>
      {columns >= 60 && (
        <Box flexDirection="column" width={STATE_WIDTH} marginLeft={1}>
          <Title text={frame.stateTitle} />
          <Body name="state" placed={placed} />
        </Box>
      )}
    </Box>
  );
}

const Line = ({ children }: { readonly children: ReactNode }) => (
  <Box height={1} flexShrink={0} overflow="hidden">
    <Text wrap="truncate">{children}</Text>
  </Box>
);

/** A line with the name of the pane below it. */
const Title = ({ text }: { readonly text: string }) => (
  <Box height={1} flexShrink={0}>
    <Text>{text} </Text>
    <Box
      flexGrow={1}
      borderStyle="single"
      borderBottom={false}
      borderLeft={false}
      borderRight={false}
    />
  </Box>
);

/** Room for lines that are not ink's. */
function Body({ name, placed }: { readonly name: BodyName } & Pick<ScreenProps, 'placed'>) {
  return <Box flexGrow={1} ref={(node) => placed(name, node)} />;
}
