using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Serenity.Runtime;

/// <summary>Memory straight from the operating system, in pages: it can be locked and seen by itself in the process's map, and is given back whole.</summary>
internal static unsafe class NativePages
{
    private const int PageBytes = 4096;

    /// <summary>Takes pages and touches each, so that no run meets one for the first time.</summary>
    /// <param name="bytes">Bytes, above zero.</param>
    /// <param name="huge">Ask for huge pages; only Linux knows the wish, and may not grant it.</param>
    /// <param name="locked">Keep the pages in memory.</param>
    /// <exception cref="InsufficientMemoryException">There is no memory.</exception>
    /// <exception cref="InvalidOperationException">The pages cannot be locked.</exception>
    public static byte* Allocate(long bytes, bool huge, bool locked)
    {
        bool windows = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);
        // What a process of 32 bits cannot address would be cut short without a word.
        byte* pages = IntPtr.Size == 4 && bytes > int.MaxValue ? null : windows ? Windows.VirtualAlloc(null, (nuint)bytes, Windows.CommitAndReserve, Windows.ReadWrite) : Unix.Map(bytes);
        if (pages is null)
            throw new InsufficientMemoryException($"The operating system has no block of {bytes} bytes left for a model's run.");
        if (huge && !windows)
            _ = Unix.madvise(pages, (nuint)bytes, Unix.HugePageAdvice);
        for (long at = 0; at < bytes; at += PageBytes)
            pages[at] = 0;
        if (locked && !(windows ? Windows.VirtualLock(pages, (nuint)bytes) : Unix.mlock(pages, (nuint)bytes) == 0))
        {
            string reason = new Win32Exception(Marshal.GetLastWin32Error()).Message;
            Free(pages, bytes);
            throw new InvalidOperationException(
                $"A block of {bytes} bytes cannot be locked into memory: {reason}. Raise the process's limit (ulimit -l on Linux, the working set on Windows), or set LockPages to false.");
        }
        return pages;
    }

    /// <summary>Gives pages back.</summary>
    public static void Free(byte* pages, long bytes)
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
            Windows.VirtualFree(pages, 0, Windows.Release);
        else
            _ = Unix.munmap(pages, (nuint)bytes);
    }

    private static class Unix
    {
        public const int HugePageAdvice = 14;
        private const int ReadAndWrite = 3, Private = 2, AnonymousOnLinux = 0x20, AnonymousOnBsd = 0x1000;

        // Apple's systems and the BSDs number this flag otherwise than Linux and Android.
        private static readonly int _anonymous =
            IsAny("OSX", "IOS", "TVOS", "MACCATALYST", "FREEBSD") ? AnonymousOnBsd : AnonymousOnLinux;

        public static byte* Map(long bytes)
        {
            byte* pages = mmap(null, (nuint)bytes, ReadAndWrite, Private | _anonymous, -1, IntPtr.Zero);
            return pages == (byte*)-1 ? null : pages;
        }

        private static bool IsAny(params string[] platforms)
        {
            foreach (string platform in platforms)
            {
                if (RuntimeInformation.IsOSPlatform(OSPlatform.Create(platform)))
                    return true;
            }
            return false;
        }

        [DllImport("libc", SetLastError = true)]
        private static extern byte* mmap(void* address, nuint bytes, int protection, int flags, int file, IntPtr offset);

        [DllImport("libc")]
        public static extern int munmap(void* address, nuint bytes);

        [DllImport("libc")]
        public static extern int madvise(void* address, nuint bytes, int advice);

        [DllImport("libc", SetLastError = true)]
        public static extern int mlock(void* address, nuint bytes);
    }

    private static class Windows
    {
        public const uint CommitAndReserve = 0x3000, ReadWrite = 4, Release = 0x8000;

        [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
        public static extern byte* VirtualAlloc(void* address, nuint bytes, uint kind, uint protection);

        [DllImport("kernel32", ExactSpelling = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        public static extern bool VirtualFree(void* address, nuint bytes, uint kind);

        [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        public static extern bool VirtualLock(void* address, nuint bytes);
    }
}
