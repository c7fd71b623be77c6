//! The system calls that stay: memory, threads, waiting, and reading and writing what is open already.
//!
//! Absent on purpose: everything that names a file or an address, makes a socket to anywhere, takes a descriptor from somebody
//! else, starts a program, or reaches another process.
//! Anything not listed is answered with "not permitted" and does not end the process: a C library that tries something newer
//! first falls back.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Result<T> = std::result::Result<T, seccompiler::Error>;

/// Allowed whatever their arguments.
const PLAIN: &[i64] = &[
    // what is open already
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_dup,
    libc::SYS_lseek,
    libc::SYS_fstat,
    // memory; a module's first memory is kept as a file without a name
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_brk,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_ftruncate,
    // threads
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // signals: a trap of a guest is one
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // waiting
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_ppoll,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    // seeds of hash tables
    libc::SYS_getrandom,
];

/// The older forms of some, where the machine has them.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[libc::SYS_epoll_wait, libc::SYS_poll];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];

/// Which pages of a memory were written since the last call; on the engine's own descriptor.
const PAGEMAP_SCAN: u64 = 0xc060_6610;
const PR_SET_VMA: u64 = 0x5356_4d41;
/// The process that asks, in place of a descriptor of another one.
const PIDFD_SELF: i32 = -10_000;

/// From here on the kernel answers nothing else, to this thread and all it starts.
pub(super) fn allow_only_a_guests() -> Result<()> {
    // Its flags are in memory, where a filter cannot look: as if the kernel did not have it, so that the C library takes
    // `clone`, whose flags can be seen. Of two filters the stricter answer counts.
    let clone3 = Rules::from([(libc::SYS_clone3, Vec::new())]);
    install(clone3, SeccompAction::Allow, SeccompAction::Errno(number(libc::ENOSYS)))?;
    install(rules()?, SeccompAction::Errno(number(libc::EPERM)), SeccompAction::Allow)
}

fn rules() -> Result<Rules> {
    let mut rules: Rules = PLAIN.iter().chain(OLDER).map(|call| (*call, Vec::new())).collect();
    let word = SeccompCmpArgLen::Dword;
    let thread = number(libc::CLONE_THREAD);
    let mut only = |call: i64, conditions: Vec<SeccompRule>| rules.insert(call, conditions);
    only(libc::SYS_clone, vec![rule(0, word.clone(), SeccompCmpOp::MaskedEq(thread.into()), thread.into())?]);
    // An aborting process signals itself.
    only(libc::SYS_tgkill, vec![rule(0, word.clone(), SeccompCmpOp::Eq, std::process::id().into())?]);
    // The runtime makes a pair for signals when it starts, and no signal ever comes through it.
    let own = u64::from(number(libc::AF_UNIX));
    only(libc::SYS_socketpair, vec![rule(0, word.clone(), SeccompCmpOp::Eq, own)?]);
    only(libc::SYS_ioctl, vec![rule(1, word.clone(), SeccompCmpOp::Eq, PAGEMAP_SCAN)?]);
    // Many ranges of its own memory given back at once; asked for one by one, each interrupts the other cores.
    let own_memory =
        SeccompCondition::new(0, word.clone(), SeccompCmpOp::Eq, u64::from(PIDFD_SELF.cast_unsigned()))?;
    let give_back =
        SeccompCondition::new(3, word.clone(), SeccompCmpOp::Eq, u64::from(number(libc::MADV_DONTNEED)))?;
    only(libc::SYS_process_madvise, vec![SeccompRule::new(vec![own_memory, give_back])?]);
    // Asking for a limit, not setting one.
    only(libc::SYS_prlimit64, vec![rule(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?]);
    let names = [u64::from(number(libc::PR_SET_NAME)), PR_SET_VMA];
    let names = names.map(|name| rule(0, word.clone(), SeccompCmpOp::Eq, name));
    only(libc::SYS_prctl, names.into_iter().collect::<Result<_>>()?);
    Ok(rules)
}

fn rule(argument: u8, length: SeccompCmpArgLen, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule> {
    let condition = SeccompCondition::new(argument, length, operator, value)?;
    Ok(SeccompRule::new(vec![condition])?)
}

fn install(rules: Rules, otherwise: SeccompAction, listed: SeccompAction) -> Result<()> {
    let machine = TargetArch::try_from(std::env::consts::ARCH)?;
    let program = BpfProgram::try_from(SeccompFilter::new(rules, otherwise, listed, machine)?)?;
    apply_filter(&program)
}

/// A small constant of the C library.
fn number(constant: libc::c_int) -> u32 {
    constant.unsigned_abs()
}
