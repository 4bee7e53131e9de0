/* printf on a console: what newlib's stdout and stderr write goes to one hil_console. Not part of the reference payload,
 * which has no stdio: add newlib_console.c and c/console.c to a firmware of your own. */
#ifndef NEWLIB_CONSOLE_H
#define NEWLIB_CONSOLE_H

#include "console.h"

/* From here on; before it, what is printed is lost. The console's writer is whoever prints, so print from one context:
 * handlers have a console of their own and hil_console_print, as newlib's streams are not safe to enter twice. */
void newlib_console_use(hil_console *console);

#endif
