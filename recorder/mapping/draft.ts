/**
 * The columns that a call's begin and end have in common. Drafts are kept in the stacks of open
 * calls and reused, so that mapping a record makes no object.
 */
import type { EventAppender, Phase } from '../../traces/index.js';

export class Draft {
  /** Dictionary ids and the region; -1 when the column is null. */
  kind = -1;
  device = -1;
  driver = -1;
  name = -1;
  path = -1;
  region = -1;
  hasOffset = false;
  offsetLow = 0;
  offsetHigh = 0;
  hasLength = false;
  lengthLow = 0;
  lengthHigh = 0;
  hasValue = false;
  valueLow = 0;
  valueHigh = 0;

  clear(): void {
    this.kind = this.device = this.driver = this.name = this.path = this.region = -1;
    this.hasOffset = this.hasLength = this.hasValue = false;
  }

  copy(other: Draft): void {
    this.kind = other.kind;
    this.device = other.device;
    this.driver = other.driver;
    this.name = other.name;
    this.path = other.path;
    this.region = other.region;
    this.hasOffset = other.hasOffset;
    this.offsetLow = other.offsetLow;
    this.offsetHigh = other.offsetHigh;
    this.hasLength = other.hasLength;
    this.lengthLow = other.lengthLow;
    this.lengthHigh = other.lengthHigh;
    this.hasValue = other.hasValue;
    this.valueLow = other.valueLow;
    this.valueHigh = other.valueHigh;
  }

  /** Opens an event with these columns; the caller adds the rest and commits. */
  begin(events: EventAppender, phase: Phase): void {
    events.begin(this.kind, phase);
    if (this.device >= 0) events.dict('device', this.device);
    if (this.driver >= 0) events.dict('driver', this.driver);
    if (this.name >= 0) events.dict('name', this.name);
    if (this.path >= 0) events.dict('path', this.path);
    if (this.region >= 0) events.int('region', this.region);
    if (this.hasOffset) events.words('offset', this.offsetLow, this.offsetHigh);
    if (this.hasLength) events.words('length', this.lengthLow, this.lengthHigh);
    if (this.hasValue) events.words('value', this.valueLow, this.valueHigh);
  }
}
