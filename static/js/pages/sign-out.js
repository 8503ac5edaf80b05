// @ts-check
// Signing out: the pages kept for the field go too; what waits to be sent stays until its officer signs in again.
import { forgetPages } from "../lib/kept-pages.js";

forgetPages().catch(() => {});
