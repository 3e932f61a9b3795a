/** Forms of single fields in answers of `podway-host`. */
export const NUMBER = /^[0-9]{1,16}$/;
export const DECIMAL = /^[0-9]{1,9}(\.[0-9]{1,9})?$/;
export const BOOT_ID = /^[0-9a-f-]{1,64}$/;
export const ID_OR_NONE = /^(-|[0-9A-HJKMNP-TV-Z]{26})$/;
export const FLAG = /^[01]$/;
