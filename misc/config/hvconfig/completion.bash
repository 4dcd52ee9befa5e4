# SPDX-License-Identifier: BSD-3-Clause
# Completion for hvconfig: commands, their options, files.

_hvconfig()
{
	local word=${COMP_WORDS[COMP_CWORD]} options=

	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "check build explain diff import show doc" -- "$word")
		return
	fi
	case ${COMP_WORDS[1]} in
	check | explain) options="-b --board" ;;
	build) options="-b --board -o --out -d --dir" ;;
	import) options="-k --kernel -o --out" ;;
	esac
	if [ "${word#-}" != "$word" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

complete -o filenames -F _hvconfig hvconfig
