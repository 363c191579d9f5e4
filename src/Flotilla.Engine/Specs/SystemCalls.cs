namespace Flotilla.Engine.Specs;

/// <summary>
/// The system calls of Linux by what they are for, those of 32-bit programs among them. The kernel ignores names that an architecture does not have.
/// What stands nowhere here (keys, swap, io_uring, page faults of others, obsolete calls) no container may make unless it is privileged.
/// </summary>
internal static class SystemCalls
{
    /// <summary>Open to every container.</summary>
    public static IReadOnlyList<string> Common { get; } =
    [
        .. Words("""
            brk madvise memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap msync munlock munlockall munmap membarrier pkey_alloc pkey_free pkey_mprotect
            process_mrelease remap_file_pages map_shadow_stack
            """),
        .. Words("""
            access faccessat faccessat2 chdir fchdir chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 fchownat lchown lchown32 close close_range creat open openat openat2 dup dup2 dup3
            fcntl fcntl64 flock fallocate fadvise64 fadvise64_64 fsync fdatasync sync syncfs sync_file_range sync_file_range2 arm_sync_file_range arm_fadvise64_64 ftruncate ftruncate64 truncate truncate64
            getcwd getdents getdents64 readdir ioctl link linkat symlink symlinkat readlink readlinkat unlink unlinkat rename renameat renameat2 mkdir mkdirat mknod mknodat rmdir umask
            lseek _llseek read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 readahead copy_file_range sendfile sendfile64 splice tee vmsplice pipe pipe2
            stat stat64 lstat lstat64 fstat fstat64 fstatat fstatat64 newfstatat statx oldstat oldlstat oldfstat statfs statfs64 fstatfs fstatfs64 statmount listmount cachestat
            utime utimes utimensat utimensat_time64 futimesat name_to_handle_at
            getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
            inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark landlock_create_ruleset landlock_add_rule landlock_restrict_self
            """),
        .. Words("""
            select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2
            eventfd eventfd2 signalfd signalfd4 io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64
            """),
        .. Words("""
            fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid getpgrp setpgid getsid setsid set_tid_address set_thread_area get_thread_area arch_prctl modify_ldt set_tls
            prctl seccomp rseq restart_syscall sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam sched_getscheduler sched_setscheduler
            sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_rr_get_interval_time64 getpriority setpriority nice ioprio_get ioprio_set getcpu getrusage times
            getrlimit ugetrlimit setrlimit prlimit64 pidfd_open pidfd_send_signal ptrace process_vm_readv process_vm_writev
            futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue set_robust_list get_robust_list cacheflush riscv_flush_icache breakpoint
            """),
        .. Words("""
            kill tkill tgkill pause alarm rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack
            sigaction sigpending sigprocmask sigreturn sigsuspend signal sgetmask ssetmask
            """),
        .. Words("""
            time gettimeofday clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 clock_adjtime clock_adjtime64 adjtimex nanosleep getitimer setitimer
            timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64
            """),
        .. Words("""
            socketpair socketcall bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt shutdown recv recvfrom recvmsg recvmmsg recvmmsg_time64 send sendto sendmsg sendmmsg
            ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget
            mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink
            """),
        .. Words("""
            getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32 getgroups getgroups32
            setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32
            capget capset uname oldolduname olduname sysinfo getrandom
            """),
    ];

    /// <summary>Open to whom a capability was given that stands for them.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> ByCapability { get; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
    {
        ["CAP_SYS_ADMIN"] = Words("""
            bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd
            setdomainname sethostname setns umount umount2 unshare
            """),
        ["CAP_BPF"] = Words("bpf"),
        ["CAP_PERFMON"] = Words("perf_event_open"),
        ["CAP_DAC_READ_SEARCH"] = Words("open_by_handle_at"),
        ["CAP_SYS_BOOT"] = Words("reboot"),
        ["CAP_SYS_CHROOT"] = Words("chroot"),
        ["CAP_SYS_MODULE"] = Words("delete_module finit_module init_module"),
        ["CAP_SYS_NICE"] = Words("get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
        ["CAP_SYS_PACCT"] = Words("acct"),
        ["CAP_SYS_PTRACE"] = Words("kcmp pidfd_getfd process_madvise"),
        ["CAP_SYS_RAWIO"] = Words("ioperm iopl"),
        ["CAP_SYS_TIME"] = Words("clock_settime clock_settime64 settimeofday stime"),
        ["CAP_SYS_TTY_CONFIG"] = Words("vhangup"),
        ["CAP_SYSLOG"] = Words("syslog"),
    };

    private static string[] Words(string text) => text.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
}
