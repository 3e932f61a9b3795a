export {
  ClientAccounts,
  type ClientAccount,
  type ClientAccountLimits,
  type ClientAccountsOptions,
} from './client-accounts.js';
