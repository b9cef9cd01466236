using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Onnx.Runtime;

/// <summary>What ONNX Runtime says of an input or output of a model.</summary>
/// <param name="Kind">What it is; all else holds for a tensor alone.</param>
/// <param name="ElementType">Element type as ONNX numbers it.</param>
/// <param name="Dims">Dimensions, outermost first; negative for one that is not known.</param>
/// <param name="Symbols">Names of the dimensions; empty for one without.</param>
internal sealed record InterfaceType(OnnxValueType Kind, int ElementType, long[] Dims, string[] Symbols);

/// <summary>
/// Types of a model's inputs and outputs, through the C interface: the managed package refuses to load a model as soon as one of them has elements that it has no type for
/// (float8, integers of 4 bits; observed on 1.31.1), though ONNX Runtime runs them.
/// </summary>
internal static unsafe class InterfaceTypes
{
    // Positions in OrtApi, whose functions are only ever appended (onnxruntime_c_api.h: "do not reorder").
    private const int CreateSessionFromArray = 8, InputCount = 30, OutputCount = 31, InputTypeInfo = 33, OutputTypeInfo = 34, InputName = 36, OutputName = 37,
        CastTypeInfoToTensorInfo = 55, GetOnnxTypeFromTypeInfo = 56, GetTensorElementType = 60, GetDimensionsCount = 61, GetDimensions = 62, GetSymbolicDimensions = 63,
        AllocatorFree = 76, GetAllocatorWithDefaultOptions = 78, ReleaseSession = 95, ReleaseTypeInfo = 98, GetModelEditorApi = 291;

    // Position in OrtModelEditorApi.
    private const int CreateModelEditorSessionFromArray = 16;

    // ONNX Runtime's numbers are ONNX's up to float4; there ONNX has float8e8m0 between, which ONNX Runtime has not.
    private const int LastCommonType = 23;

    /// <summary>Loads a model and reads them.</summary>
    /// <param name="model">The model, serialized.</param>
    /// <param name="options">Options of the session.</param>
    /// <returns>The types by name, inputs and outputs; null where ONNX Runtime does not load the model.</returns>
    public static (Dictionary<string, InterfaceType> Inputs, Dictionary<string, InterfaceType> Outputs)? TryRead(byte[] model, SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        return TryRead(model, options, (delegate* unmanaged<IntPtr, byte*, nuint, IntPtr, IntPtr*, IntPtr>)NativeRuntime.Api[CreateSessionFromArray]);
    }

    /// <summary>Reads them of a session that is not made ready to run, as one is whose graph is still to be added to: half the work, and the same types for a graph that ONNX Runtime leaves as
    /// it is (<see cref="Contract.RuntimeRules.TypesAsRead"/>).</summary>
    /// <param name="model">The model, serialized.</param>
    /// <param name="options">Options of the session.</param>
    /// <returns>The types by name, inputs and outputs; null where ONNX Runtime does not read the model.</returns>
    public static (Dictionary<string, InterfaceType> Inputs, Dictionary<string, InterfaceType> Outputs)? TryReadUnprepared(byte[] model, SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        IntPtr* editor = ((delegate* unmanaged<IntPtr*>)NativeRuntime.Api[GetModelEditorApi])();
        // A build of ONNX Runtime for small devices has none.
        return editor is null ? TryRead(model, options)
            : TryRead(model, options, (delegate* unmanaged<IntPtr, byte*, nuint, IntPtr, IntPtr*, IntPtr>)editor[CreateModelEditorSessionFromArray]);
    }

    private static (Dictionary<string, InterfaceType> Inputs, Dictionary<string, InterfaceType> Outputs)? TryRead(
        byte[] model, SessionOptions options, delegate* unmanaged<IntPtr, byte*, nuint, IntPtr, IntPtr*, IntPtr> create)
    {
        IntPtr* api = NativeRuntime.Api;
        IntPtr session = IntPtr.Zero;
        bool held = false;
        try
        {
            options.DangerousAddRef(ref held);
            fixed (byte* bytes = model)
            {
                if (!NativeRuntime.Succeeds(create(OrtEnv.Instance().DangerousGetHandle(), bytes, (nuint)model.Length, options.DangerousGetHandle(), &session)))
                    return null;
            }
            return (Read(api, session, InputCount, InputName, InputTypeInfo), Read(api, session, OutputCount, OutputName, OutputTypeInfo));
        }
        finally
        {
            if (session != IntPtr.Zero)
                ((delegate* unmanaged<IntPtr, void>)api[ReleaseSession])(session);
            if (held)
                options.DangerousRelease();
        }
    }

    private static Dictionary<string, InterfaceType> Read(IntPtr* api, IntPtr session, int countSlot, int nameSlot, int typeSlot)
    {
        Dictionary<string, InterfaceType> types = new(StringComparer.Ordinal);
        IntPtr allocator;
        NativeRuntime.Check(((delegate* unmanaged<IntPtr*, IntPtr>)api[GetAllocatorWithDefaultOptions])(&allocator));
        nuint count;
        NativeRuntime.Check(((delegate* unmanaged<IntPtr, nuint*, IntPtr>)api[countSlot])(session, &count));
        for (nuint i = 0; i < count; i++)
        {
            byte* name;
            NativeRuntime.Check(((delegate* unmanaged<IntPtr, nuint, IntPtr, byte**, IntPtr>)api[nameSlot])(session, i, allocator, &name));
            string text = Marshal.PtrToStringUTF8((IntPtr)name) ?? "";
            NativeRuntime.Check(((delegate* unmanaged<IntPtr, void*, IntPtr>)api[AllocatorFree])(allocator, name));
            IntPtr info;
            NativeRuntime.Check(((delegate* unmanaged<IntPtr, nuint, IntPtr*, IntPtr>)api[typeSlot])(session, i, &info));
            try
            {
                types[text] = Type(api, info);
            }
            finally
            {
                ((delegate* unmanaged<IntPtr, void>)api[ReleaseTypeInfo])(info);
            }
        }
        return types;
    }

    private static InterfaceType Type(IntPtr* api, IntPtr info)
    {
        int kind;
        NativeRuntime.Check(((delegate* unmanaged<IntPtr, int*, IntPtr>)api[GetOnnxTypeFromTypeInfo])(info, &kind));
        if ((OnnxValueType)kind != OnnxValueType.ONNX_TYPE_TENSOR)
            return new InterfaceType((OnnxValueType)kind, 0, [], []);
        IntPtr tensor;
        NativeRuntime.Check(((delegate* unmanaged<IntPtr, IntPtr*, IntPtr>)api[CastTypeInfoToTensorInfo])(info, &tensor));
        int element;
        NativeRuntime.Check(((delegate* unmanaged<IntPtr, int*, IntPtr>)api[GetTensorElementType])(tensor, &element));
        nuint rank;
        NativeRuntime.Check(((delegate* unmanaged<IntPtr, nuint*, IntPtr>)api[GetDimensionsCount])(tensor, &rank));
        long[] dims = new long[rank];
        string[] symbols = new string[rank];
        if (rank > 0)
        {
            byte*[] names = new byte*[rank];
            fixed (long* sizes = dims)
            fixed (byte** texts = names)
            {
                NativeRuntime.Check(((delegate* unmanaged<IntPtr, long*, nuint, IntPtr>)api[GetDimensions])(tensor, sizes, rank));
                NativeRuntime.Check(((delegate* unmanaged<IntPtr, byte**, nuint, IntPtr>)api[GetSymbolicDimensions])(tensor, texts, rank));
            }
            for (int i = 0; i < symbols.Length; i++)
                symbols[i] = Marshal.PtrToStringUTF8((IntPtr)names[i]) ?? "";
        }
        return new InterfaceType(OnnxValueType.ONNX_TYPE_TENSOR, element <= LastCommonType ? element : element + 1, dims, symbols);
    }
}
