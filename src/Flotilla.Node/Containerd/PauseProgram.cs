using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Flotilla.Node.Containerd;

/// <summary>
/// The program that holds a pod's namespaces open, as a static ELF of a few hundred bytes: it waits for signals,
/// reaps children (it is process 1 where a pod shares its PID namespace) and ends on SIGTERM or SIGINT.
/// </summary>
public static class PauseProgram
{
    private const int HeaderSize = 64 + 56;
    private const ulong LoadAddress = 0x400000;
    private const ulong SignalSet = (1UL << (2 - 1)) | (1UL << (15 - 1)) | (1UL << (17 - 1)); // SIGINT, SIGTERM, SIGCHLD

    public static byte[] For(Architecture architecture) => architecture switch
    {
        Architecture.X64 => Elf(62, X64Code()),
        Architecture.Arm64 => Elf(183, Arm64Code()),
        _ => throw new PlatformNotSupportedException($"There is no pause program for {architecture}."),
    };

    // The signals are blocked, not handled: a blocked signal reaches process 1 of a PID namespace too, and
    // rt_sigtimedwait takes them one by one. The 8 bytes of the signal set follow the code.
    private static byte[] X64Code()
    {
        byte[] code =
        [
            0xB8, 14, 0, 0, 0,                        // mov eax, rt_sigprocmask
            0xBF, 2, 0, 0, 0,                         // mov edi, SIG_SETMASK
            0x48, 0x8D, 0x35, 0x5A, 0, 0, 0,          // lea rsi, [rip + set]
            0x31, 0xD2,                               // xor edx, edx
            0x41, 0xBA, 8, 0, 0, 0,                   // mov r10d, 8
            0x0F, 0x05,                               // syscall
            0xB8, 128, 0, 0, 0,                       // wait: mov eax, rt_sigtimedwait
            0x48, 0x8D, 0x3D, 0x44, 0, 0, 0,          // lea rdi, [rip + set]
            0x31, 0xF6,                               // xor esi, esi
            0x31, 0xD2,                               // xor edx, edx
            0x41, 0xBA, 8, 0, 0, 0,                   // mov r10d, 8
            0x0F, 0x05,                               // syscall
            0x83, 0xF8, 17,                           // cmp eax, SIGCHLD
            0x75, 0x1E,                               // jne check
            0xB8, 61, 0, 0, 0,                        // reap: mov eax, wait4
            0x48, 0xC7, 0xC7, 0xFF, 0xFF, 0xFF, 0xFF, // mov rdi, -1
            0x31, 0xF6,                               // xor esi, esi
            0xBA, 1, 0, 0, 0,                         // mov edx, WNOHANG
            0x45, 0x31, 0xD2,                         // xor r10d, r10d
            0x0F, 0x05,                               // syscall
            0x85, 0xC0,                               // test eax, eax
            0x7F, 0xE4,                               // jg reap
            0xEB, 0xC5,                               // jmp wait
            0x83, 0xF8, 15,                           // check: cmp eax, SIGTERM
            0x74, 0x07,                               // je exit
            0x83, 0xF8, 2,                            // cmp eax, SIGINT
            0x74, 0x02,                               // je exit
            0xEB, 0xB9,                               // jmp wait
            0xB8, 60, 0, 0, 0,                        // exit: mov eax, exit
            0x31, 0xFF,                               // xor edi, edi
            0x0F, 0x05,                               // syscall
        ];
        return WithSignalSet(code);
    }

    private static byte[] Arm64Code()
    {
        uint[] words =
        [
            Move(0, 2), Address(1, 30), Move(2, 0), Move(3, 8), Move(8, 135), SystemCall,                // 0: rt_sigprocmask
            Address(0, 25), Move(1, 0), Move(2, 0), Move(3, 8), Move(8, 137), SystemCall,                // 6 wait: rt_sigtimedwait
            Compare(0, 17), BranchIf(NotEqual, 10),                                                      // 12: to check
            MinusOne(0), Move(1, 0), Move(2, 1), Move(3, 0), Move(8, 260), SystemCall,                   // 14 reap: wait4
            Compare(0, 0), BranchIf(GreaterThan, -7), Branch(-16),                                       // 20: to reap, else to wait
            Compare(0, 15), BranchIf(Equal, 4), Compare(0, 2), BranchIf(Equal, 2), Branch(-21),          // 23 check: to exit or wait
            Move(0, 0), Move(8, 93), SystemCall,                                                         // 28 exit
        ];
        var code = new byte[words.Length * sizeof(uint)];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(i * sizeof(uint)), words[i]);
        }
        return WithSignalSet(code);
    }

    private const uint SystemCall = 0xD4000001;
    private const uint Equal = 0;
    private const uint NotEqual = 1;
    private const uint GreaterThan = 12;

    private static uint Move(uint register, uint value) => 0xD2800000 | (value << 5) | register;

    private static uint MinusOne(uint register) => 0x92800000 | register;

    private static uint Address(uint register, int words) => 0x10000000 | ((uint)words << 5) | register;

    private static uint Compare(uint register, uint value) => 0xF100001F | (value << 10) | (register << 5);

    private static uint BranchIf(uint condition, int words) => 0x54000000 | (((uint)words & 0x7FFFF) << 5) | condition;

    private static uint Branch(int words) => 0x14000000 | ((uint)words & 0x3FFFFFF);

    private static byte[] WithSignalSet(byte[] code)
    {
        var set = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(set, SignalSet);
        return [.. code, .. set];
    }

    private static byte[] Elf(ushort machine, byte[] code)
    {
        var file = new byte[HeaderSize + code.Length];
        var span = file.AsSpan();
        ReadOnlySpan<byte> identification = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identification.CopyTo(span);
        BinaryPrimitives.WriteUInt16LittleEndian(span[16..], 2);                        // executable
        BinaryPrimitives.WriteUInt16LittleEndian(span[18..], machine);
        BinaryPrimitives.WriteUInt32LittleEndian(span[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(span[24..], LoadAddress + HeaderSize); // entry
        BinaryPrimitives.WriteUInt64LittleEndian(span[32..], 64);                       // program headers follow
        BinaryPrimitives.WriteUInt16LittleEndian(span[52..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(span[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(span[56..], 1);

        var segment = span[64..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1);                           // load
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5);                      // readable, executable
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
        code.CopyTo(span[HeaderSize..]);
        return file;
    }
}
