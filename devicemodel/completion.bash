# SPDX-License-Identifier: BSD-3-Clause
# Completion for acrn-dm: options, names of devices behind -s, serial ports behind -l, files.

_acrn_dm()
{
	local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}
	local options="-B --bootargs -E --elf_file -k --kernel -r --ramdisk -m --memsize -s --pci_slot -l --lpc
		--cpu_affinity --pcpus --intr_monitor --cmd_monitor --paused --exit_on_reset --debugexit --logger_setting
		--dump-config
		-h --help -v --version"
	local devices="hostbridge lpc virtio-blk virtio-net virtio-console virtio-rnd"

	case $last in
	-s | --pci_slot)
		if [ "${word%,*}" != "$word" ]; then
			mapfile -t COMPREPLY < <(compgen -P "${word%,*}," -W "$devices" -- "${word##*,}")
		fi
		return
		;;
	-l | --lpc)
		mapfile -t COMPREPLY < <(compgen -W "com1,stdio com2,stdio com1,pty com2,pty" -- "$word")
		return
		;;
	esac
	if [ "${word#-}" != "$word" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

complete -o filenames -F _acrn_dm acrn-dm
