import { becomeAsTold } from "../system/privileges.ts";

// Loaded by --import ahead of the program of a worker, so that no line of that runs as root.
becomeAsTold();
