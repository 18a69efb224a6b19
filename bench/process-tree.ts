import { readdirSync, readFileSync } from "node:fs";

/** Length of a clock tick of `/proc/PID/stat` in microseconds (USER_HZ is 100 on every Linux). */
const TICK_MICROSECONDS = 10_000;
const PAGE_KIB = 4;

/** The process and all its descendants; empty when it has ended. */
export function tree(pid: number): number[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return [pid, ...threads.flatMap((thread) => childrenOf(pid, thread)).flatMap((child) => tree(child))];
}

/**
 * User and system time in microseconds of a process, all its threads, its living descendants and the
 * children it has waited for. Resolution: one tick, 10 ms.
 */
export function cpuMicroseconds(pid: number): number {
  let ticks = 0;
  for (const member of tree(pid)) ticks += ticksOf(member);
  return ticks * TICK_MICROSECONDS;
}

/** Resident memory in KiB of a process and its descendants. */
export function residentKib(pid: number): number {
  let pages = 0;
  for (const member of tree(pid)) {
    try {
      pages += Number(readFileSync(`/proc/${member}/statm`, "latin1").split(" ")[1]);
    } catch {
      // It ended between the listing and the reading.
    }
  }
  return pages * PAGE_KIB;
}

/** Time in microseconds that all CPUs of the machine were busy (or were stolen) since it started. */
export function machineBusyMicroseconds(): number {
  const [first = ""] = readFileSync("/proc/stat", "latin1").split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = first.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MICROSECONDS;
}

/** Sends a signal to each process of the tree, children first so that none is orphaned. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const member of tree(pid).reverse()) {
    try {
      process.kill(member, signal);
    } catch {
      // It ended by itself.
    }
  }
}

function childrenOf(pid: number, thread: string): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // The thread has ended, which says nothing of its process.
  }
}

function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, field 2, may hold spaces and brackets: count from after its last bracket, which is field 3.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [14, 15, 16, 17].reduce((sum, field) => sum + Number(fields[field - 3]), 0);
  } catch {
    return 0;
  }
}
