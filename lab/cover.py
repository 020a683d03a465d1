#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Name configurations that try each pair of the options around kexec.

All combinations would be a thousand kernels. Here any two options meet in each of
the four ways, on and off, that the rules of Kconfig allow: what goes wrong goes
wrong nearly always between two. They are always the same: nothing is random.

Usage: lab/cover.py     a line each: a name, then OPTION=y|n... for lab/configs.sh
"""

import itertools
import os

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

OPTIONS = ("KEXEC", "KEXEC_FILE", "KEXEC_SIG", "KEXEC_INPLACE", "KEXEC_JUMP", "CRASH_DUMP",
           "CRASH_HOTPLUG", "LIVEUPDATE", "CONTIG_ALLOC", "SMP", "HOTPLUG_CPU", "MEMORY_HOTPLUG",
           "X86_5LEVEL")

# What Kconfig demands: with the first, the second (either word of it).
NEEDS = (
    ("KEXEC_SIG", "KEXEC_FILE"),
    ("KEXEC_INPLACE", "KEXEC KEXEC_FILE"),
    ("KEXEC_INPLACE", "CONTIG_ALLOC"),      # selects what makes it
    ("KEXEC_JUMP", "KEXEC"),
    ("CRASH_DUMP", "KEXEC KEXEC_FILE"),
    ("CRASH_HOTPLUG", "CRASH_DUMP"),
    ("CRASH_HOTPLUG", "HOTPLUG_CPU MEMORY_HOTPLUG"),
    ("LIVEUPDATE", "KEXEC_FILE"),
    ("LIVEUPDATE", "KEXEC_INPLACE"),
    ("HOTPLUG_CPU", "SMP"),
    ("SMP", "HOTPLUG_CPU"),                 # on x86 nobody is asked
)

# What has to be asked for as well.
WITH = {
    "KEXEC_FILE=n": "CRYPTO_SHA256=n",
    # the parser of signatures is there for who verifies modules, or as here appraises with IMA
    "KEXEC_SIG=y": "KEXEC_BZIMAGE_VERIFY_SIG=y KEYS=y ASYMMETRIC_KEY_TYPE=y"
                   " ASYMMETRIC_PUBLIC_KEY_SUBTYPE=y X509_CERTIFICATE_PARSER=y"
                   " PKCS7_MESSAGE_PARSER=y SYSTEM_DATA_VERIFICATION=y"
                   " SIGNED_PE_FILE_VERIFICATION=y SYSTEM_TRUSTED_KEYRING=y"
                   " SYSTEM_TRUSTED_KEYS=\"\" INTEGRITY=y INTEGRITY_SIGNATURE=y"
                   " INTEGRITY_ASYMMETRIC_KEYS=y TCG_TPM=y IMA=y IMA_APPRAISE=y"
                   " IMA_APPRAISE_MODSIG=y IMA_KEXEC=y",
    "KEXEC_INPLACE=y": "COMPACTION=y MIGRATION=y",
    "KEXEC_JUMP=y": "BLOCK=y SWAP=y HIBERNATION=y",
    "CRASH_DUMP=y": "PROC_VMCORE=y",
    "CRASH_DUMP=n": "PROC_VMCORE=n",
    "LIVEUPDATE=y": "SHMEM=y TMPFS=y",
    "CONTIG_ALLOC=y": "CMA=y MIGRATION=y",
    "CONTIG_ALLOC=n": "CMA=n COMPACTION=n",
    "SMP=y": "NR_CPUS=8",
    "MEMORY_HOTPLUG=y": "MIGRATION=y MEMORY_HOTREMOVE=y",
}


def known():
    """Of the options those that there are: the others' turn comes with their Kconfig."""
    with open(os.path.join(TOP, "kernel", "Kconfig.kexec"), encoding="utf-8") as file:
        there = file.read()
    return [o for o in OPTIONS if not o.startswith("KEXEC") or "config %s\n" % o in there]


def legal(row):
    return all(any(row.get(word) for word in second.split())
               for first, second in NEEDS if row.get(first))


def pairs(row):
    return set(itertools.combinations(sorted(row.items()), 2))


def cover(options):
    """Rows {option: on} that have all the pairs of all legal rows."""
    rows = [dict(zip(options, values))
            for values in itertools.product((True, False), repeat=len(options))]
    rows = [row for row in rows if legal(row)]
    missing = set().union(*map(pairs, rows))
    while missing:
        best = max(rows, key=lambda row: len(pairs(row) & missing))
        missing -= pairs(best)
        yield best


def main():
    for number, row in enumerate(cover(known()), 1):
        words = ["%s=%s" % (option, "y" if on else "n") for option, on in row.items()]
        print(number, *words, *(WITH[word] for word in words if word in WITH))


if __name__ == "__main__":
    main()
