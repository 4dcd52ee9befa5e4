/* SPDX-License-Identifier: BSD-3-Clause */
/* Types of arguments and results as two members of struct call_row; for files that include wire.h. */
#pragma once

#define ROW_VOID	(int (*)())xdr_void, 0
#define ROW_INT		(int (*)())xdr_int, sizeof(int)
#define ROW_UINT64	(int (*)())xdr_u_quad_t, sizeof(u_quad_t)
#define ROW_TEXT	(int (*)())xdr_wire_text, sizeof(char *)
#define ROW(type)	(int (*)())xdr_##type, sizeof(type)
