/* SPDX-License-Identifier: BSD-3-Clause */
/* The words that life_mngrs say to each other and to their local clients, as the reference has them. */
#pragma once

/* user VM to Service VM: "sync:NAME" */
#define SAY_SYNC		"sync"
#define ACK_SYNC		"ack_sync"

/* Service VM to user VM */
#define SAY_POWEROFF		"poweroff_cmd"
#define ACK_POWEROFF		"ack_poweroff"
#define SAY_VM_SHUTDOWN		"user_vm_shutdown"
#define ACK_VM_SHUTDOWN		"ack_user_vm_shutdown"
#define SAY_VM_REBOOT		"user_vm_reboot"
#define ACK_VM_REBOOT		"ack_user_vm_reboot"

/* user VM to Service VM, and local client to life_mngr */
#define REQ_SHUTDOWN		"req_sys_shutdown"
#define ACK_REQ_SHUTDOWN	"ack_req_sys_shutdown"
#define NO_SHUTDOWN		"system shutdown request is rejected"
#define REQ_REBOOT		"req_sys_reboot"
#define ACK_REQ_REBOOT		"ack_req_sys_reboot"
#define NO_REBOOT		"system reboot request is rejected"

/* local client to the Service VM's life_mngr: "req_user_vm_shutdown:NAME" */
#define REQ_VM_SHUTDOWN		"req_user_vm_shutdown"
#define ACK_REQ_VM_SHUTDOWN	"ack_req_user_vm_shutdown"
#define REQ_VM_REBOOT		"req_user_vm_reboot"
#define ACK_REQ_VM_REBOOT	"ack_req_user_vm_reboot"
#define NO_SUCH_VM		"user_vm_disconnect"
#define NO_ANSWER		"ack_timeout"
