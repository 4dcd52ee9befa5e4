/* SPDX-License-Identifier: BSD-3-Clause */
/* The local APIC, in whichever of its two modes it is. Registers by their byte offset (x86/apicreg.h). */
#pragma once

#include "lib/types.h"
#include "x86/apicreg.h"

bool apic_is_x2(void);	/* costs no exit */
bool apic_has_x2(void);
/*
 * Into x2APIC mode; or back to xAPIC through the disabled state (SDM vol 3, 11.12.5), after which registers start afresh.
 * False: it stays in its mode. (The bare emulator never gives back an APIC that was disabled.)
 */
bool apic_use_x2(bool on);
/* Runs fn in xAPIC and in x2APIC mode and goes back to xAPIC; on the bare machine in the present mode only. */
void apic_each_mode(void (*fn)(void));
/* Takes note of the mode it is in, which apic_is_x2() tells, software-enables it, LVT masked, TPR 0, spurious vector 0xff. */
void apic_setup(void);
/* Masks every line of the 8259A pair, if there is one. */
void apic_mask_pic(void);

uint32_t apic_read(uint32_t reg);
void apic_write(uint32_t reg, uint32_t v);
void apic_eoi(void);
uint32_t apic_id(void);
/* Writes the command register and waits until it is sent. `low` holds APIC_ICR_ bits. */
void apic_icr(uint32_t dest, uint32_t low);
/* Bit `vector` of one of the 256-bit registers APIC_ISR0, APIC_TMR0, APIC_IRR0. */
bool apic_bit(uint32_t reg0, uint8_t vector);
