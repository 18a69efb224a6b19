// Two tasks and what they did: curl localhost:8080/tasks

import { arc, cron, every, Scheduler, type ServerOptions, task } from "../src/index.ts";

const visits = { total: 0, recent: 0 };
const scheduler = new Scheduler();

scheduler.add(
  task("count", { when: every({ seconds: 1 }) }, () => {
    visits.total += visits.recent;
    visits.recent = 0;
  }),
);

scheduler.add(
  task("forget", { when: cron("0 0 * * *", { timeZone: "UTC" }) }, () => {
    visits.total = 0;
  }),
);

const options: ServerOptions = {
  app: arc()
    .get("/", () => {
      visits.recent++;
      return `${visits.total} visits before yours`;
    })
    .get("/tasks", () => scheduler.status()),
  onStartup: () => scheduler.start(),
  onShutdown: () => scheduler.stop(),
};

export default options;
