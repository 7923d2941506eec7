/** What differs between the processors of guests. Everything else of a guest is the same. */
export interface Architecture {
  /** Debian's name of it, which the names of kernel packages end in. */
  readonly debian: string;
  /** The QEMU that emulates it, and the package that has it. */
  readonly qemu: string;
  readonly qemuPackage: string;
  /** The processor, as QEMU names it. */
  readonly cpu: string;
  /** The serial port that the kernel writes to. */
  readonly console: string;
  /** What the kernel has to be told to run well under emulation. */
  readonly kernelParameters: string;
  /** How Node names it. */
  readonly node: NodeJS.Architecture;
  /** What the names of GNU's compilers for it begin with, and the package of the C++ compiler. */
  readonly compilers: string;
  readonly compilerPackage: string;
}

export const ARCHITECTURES = {
  amd64: {
    debian: 'amd64',
    qemu: 'qemu-system-x86_64',
    qemuPackage: 'qemu-system-x86',
    cpu: 'max',
    console: 'ttyS0',
    // On a busy host the emulated timer is late, which a kernel at boot takes for a broken one.
    kernelParameters: 'no_timer_check',
    node: 'x64',
    compilers: 'x86_64-linux-gnu',
    compilerPackage: 'g++-x86-64-linux-gnu',
  },
  arm64: {
    debian: 'arm64',
    qemu: 'qemu-system-aarch64',
    qemuPackage: 'qemu-system-arm',
    // `max` signs pointers, which is slow to emulate (QEMU docs/system/arm/cpu-features.rst).
    cpu: 'cortex-a76',
    console: 'ttyAMA0',
    kernelParameters: '',
    node: 'arm64',
    compilers: 'aarch64-linux-gnu',
    compilerPackage: 'g++-aarch64-linux-gnu',
  },
} as const satisfies Record<string, Architecture>;
export type ArchitectureName = keyof typeof ARCHITECTURES;

/** The compilers of an architecture, for a host of another one. */
export const crossCompilers = ({
  compilers,
}: Architecture): { readonly c: string; readonly cxx: string } => ({
  c: `${compilers}-gcc`,
  cxx: `${compilers}-g++`,
});

/** Whether programs of an architecture run on this host as they are. */
export const runsHere = ({ node }: Architecture): boolean => node === process.arch;
