import { racesAgainstTheDeadline } from '../test/watchdog-races.js';

racesAgainstTheDeadline(501);
