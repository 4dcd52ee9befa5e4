# SPDX-License-Identifier: BSD-3-Clause
# Completion for acrnctl: commands, their options, names of VMs.

_acrnctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} last=${COMP_WORDS[COMP_CWORD - 1]}
	local commands="list add del set start stop reboot reset pause resume blkrescan console top events help"
	local options="--json --help"

	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
		return
	fi
	case $command in
	add) options="$options -n" ;;
	start|reboot) options="$options -t" ;;
	stop) options="$options -f -t" ;;
	console) options="$options -p" ;;
	top) options="$options -d -n" ;;
	events) options="$options -n" ;;
	esac
	if [ "${word#-}" != "$word" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	elif [ "$command" = add ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	elif [ "$command" = console ] && [ "$last" = -p ]; then
		mapfile -t COMPREPLY < <(compgen -W "com1 com2 com3 com4" -- "$word")
	elif [ "$command" = set ] && [ "$COMP_CWORD" -gt 2 ]; then
		mapfile -t COMPREPLY < <(compgen -W "autostart= order= stop_timeout= start_at= group= arg=" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -W "$(acrnctl list 2>/dev/null | cut -d' ' -f1)" -- "$word")
	fi
}

complete -F _acrnctl acrnctl
