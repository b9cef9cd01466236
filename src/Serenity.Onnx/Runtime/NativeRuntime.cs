using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// The native ONNX Runtime of this process: loaded on first use, once, and the few functions of its C interface that the managed
/// package does not wrap. A host without a fitting native library gets one clear error instead of a loader's stack.
/// </summary>
public static unsafe class NativeRuntime
{
    // Positions in OrtApi, counted with offsetof (RuntimeRules.ApiPositions).
    private const int GetErrorMessageSlot = 2, CreateCpuMemoryInfoSlot = 69, ReleaseStatusSlot = 93, RegisterAllocatorSlot = 176,
        CreateKeyValuePairsSlot = 295, AddKeyValuePairSlot = 296;

    /// <summary>The version of the C interface that is asked for: the first whose allocators report statistics (ONNX Runtime 1.23).</summary>
    internal const uint ApiVersion = 23;

    /// <summary>The variable that turns ONNX Runtime's telemetry off.</summary>
    internal const string TelemetrySwitch = "ORT_DISABLE_TELEMETRY";

    private static readonly Lazy<NativeRuntimeState> _state = new(Load, LazyThreadSafetyMode.ExecutionAndPublication);
    private static string? _other;

    /// <summary>Has this process use another native library than the one that comes with this program; before anything else that needs it.</summary>
    /// <param name="path">Absolute path of the library.</param>
    /// <exception cref="InvalidOperationException">One is loaded already.</exception>
    public static void Use(string path)
    {
        if (_state.IsValueCreated)
            throw new InvalidOperationException("The native ONNX Runtime is loaded already.");
        nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
            Path.GetFileNameWithoutExtension(name) is "onnxruntime" or "libonnxruntime" ? NativeLibrary.Load(path) : 0;
        NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, Resolve);
        NativeLibrary.SetDllImportResolver(typeof(NativeRuntime).Assembly, Resolve);
        _other = path;
    }

    /// <summary>True if ONNX Runtime can be used on this host.</summary>
    public static bool IsAvailable => _state.Value.Error is null;

    /// <summary>Version of the native library, such as "1.30.0"; null where it cannot be loaded.</summary>
    public static string? Version => _state.Value.Version;

    /// <summary>Processor architecture of this process in lower case, such as "x64".</summary>
    public static string Architecture { get; } = LowerCase(RuntimeInformation.ProcessArchitecture.ToString());

    /// <summary>Throws unless ONNX Runtime can be used on this host.</summary>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.RuntimeMissing"/>.</exception>
    public static void EnsureAvailable()
    {
        if (_state.Value.Error is { } error)
            throw new SerenityException(SerenityCodes.RuntimeMissing, null, error, _state.Value.Cause);
    }

    /// <summary>What to tell a developer whose host cannot run ONNX Runtime; null if it can.</summary>
    public static string? WhyUnavailable => _state.Value.Error;

    /// <summary>The table of C functions.</summary>
    internal static IntPtr* Api
    {
        get
        {
            EnsureAvailable();
            return (IntPtr*)_state.Value.Api;
        }
    }

    /// <summary>Describes CPU memory; lives as long as the process.</summary>
    internal static IntPtr CreateCpuMemoryInfo()
    {
        IntPtr info;
        const int deviceAllocator = 0, memoryTypeDefault = 0;
        Check(((delegate* unmanaged<int, int, IntPtr*, IntPtr>)Api[CreateCpuMemoryInfoSlot])(deviceAllocator, memoryTypeDefault, &info));
        return info;
    }

    /// <summary>Makes an allocator known to the environment. False if another one for the same memory is known already.</summary>
    internal static bool TryRegisterAllocator(void* allocator)
    {
        IntPtr status = ((delegate* unmanaged<IntPtr, void*, IntPtr>)Api[RegisterAllocatorSlot])(
            OrtEnv.Instance().DangerousGetHandle(), allocator);
        if (status == IntPtr.Zero)
            return true;
        ReleaseStatus(status);
        return false;
    }

    /// <summary>A new, empty set of key and value pairs, owned by the native side.</summary>
    internal static IntPtr CreateKeyValuePairs(IntPtr* api)
    {
        IntPtr pairs;
        ((delegate* unmanaged<IntPtr*, void>)api[CreateKeyValuePairsSlot])(&pairs);
        return pairs;
    }

    /// <summary>Adds a pair; both are copied.</summary>
    internal static void AddKeyValuePair(IntPtr* api, IntPtr pairs, byte* key, byte* value) =>
        ((delegate* unmanaged<IntPtr, byte*, byte*, void>)api[AddKeyValuePairSlot])(pairs, key, value);

    /// <summary>True if a call of the C interface succeeded; what it says if not is dropped.</summary>
    internal static bool Succeeds(IntPtr status)
    {
        if (status == IntPtr.Zero)
            return true;
        ReleaseStatus(status);
        return false;
    }

    /// <summary>Throws where a call of the C interface failed.</summary>
    /// <exception cref="InvalidOperationException">It did; with what it says.</exception>
    internal static void Check(IntPtr status)
    {
        if (status == IntPtr.Zero)
            return;
        string text = Marshal.PtrToStringUTF8(
            (IntPtr)((delegate* unmanaged<IntPtr, byte*>)Api[GetErrorMessageSlot])(status)) ?? "";
        ReleaseStatus(status);
        throw new InvalidOperationException(text);
    }

    private static void ReleaseStatus(IntPtr status) => ((delegate* unmanaged<IntPtr, void>)Api[ReleaseStatusSlot])(status);

    private static NativeRuntimeState Load()
    {
        try
        {
            if ((_other ?? HostDiagnosis.OwnLibrary()) is { } library && NativeLibraryFile.IsCutShort(library))
                return new(0, null, HostDiagnosis.CutShort(library), null);
            SilenceTelemetry();
            OrtEnv environment = OrtEnv.Instance();
            // Where events go to the system's own tracing (Windows), this is the switch.
            environment.DisableTelemetryEvents();
            // ONNX Runtime prints warnings about a user's model to stderr, in the middle of the build's output.
            environment.EnvLogLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
            IntPtr* api = (IntPtr*)((delegate* unmanaged<uint, IntPtr>)OrtGetApiBase()[0])(ApiVersion);
            string version = environment.GetVersionString();
            return api is null
                ? new(0, null, _other is null ? HostDiagnosis.TooOld(version) : HostDiagnosis.CannotUse(_other, new NotSupportedException($"it is version {version}")), null)
                : new((nint)api, version, null, null);
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException
            or BadImageFormatException or OnnxRuntimeException or NotSupportedException)
        {
            return new(0, null, _other is null ? HostDiagnosis.Explain(e, HostDiagnosis.ThisHost()) : HostDiagnosis.CannotUse(_other, e), e);
        }
    }

    /// <summary>
    /// ONNX Runtime's packages report every session to their maker from 1.29 on, and keep an identifier of the machine in the folder for temporary files. A
    /// build does neither. On Linux and macOS the one full switch is a variable of the native environment, read once when the library starts
    /// (onnxruntime, pull request 27379); .NET's own variables are a copy that native code does not see.
    /// </summary>
    private static void SilenceTelemetry()
    {
        if (OperatingSystem.IsWindows())
            return;
        try
        {
            _ = SetNativeVariable(TelemetrySwitch, "1", 1);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library of another name; the packages have no ONNX Runtime for such a system either.
        }
    }

    private static string LowerCase(string text) => string.Create(text.Length, text, static (span, source) =>
    {
        for (int i = 0; i < span.Length; i++)
            span[i] = char.ToLowerInvariant(source[i]);
    });

    [DllImport("onnxruntime", ExactSpelling = true)]
    private static extern IntPtr* OrtGetApiBase();

    [DllImport("libc", EntryPoint = "setenv", ExactSpelling = true)]
    private static extern int SetNativeVariable(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);

    private sealed record NativeRuntimeState(nint Api, string? Version, string? Error, Exception? Cause);
}
