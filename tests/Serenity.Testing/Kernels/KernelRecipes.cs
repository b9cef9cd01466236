namespace Serenity.Testing.Kernels;

/// <summary>Recipes for the operators that ONNX Runtime's CPU provider registers and whose output can have an input's shape, or an alias of it.</summary>
public static class KernelRecipes
{
    /// <summary>Every recipe.</summary>
    public static IReadOnlyList<KernelRecipe> All { get; } = [.. Lines().Select(KernelRecipe.Parse)];

    /// <summary>Opsets of ai.onnx to probe: each at which some operator's kernel was registered anew.</summary>
    public static IReadOnlyList<int> Opsets { get; } = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24];

    private static IEnumerable<string> Lines()
    {
        // One input, output of the same type and shape.
        foreach (string name in (string[])[
            "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu",
            "HardSigmoid", "HardSwish", "Hardmax", "Identity", "LeakyRelu", "Log", "LogSoftmax", "MeanVarianceNormalization", "Mish", "Neg",
            "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "Sqrt",
            "Swish", "Tan", "Tanh", "ThresholdedRelu", "Dropout", "GlobalAveragePool", "Trilu"])
        {
            yield return $"onnx {name} 7-24 | f[2,3,16,16]";
        }
        foreach (string name in (string[])["Add", "Sub", "Mul", "Div", "Pow", "PRelu", "Mod", "Max", "Min", "Mean", "Sum", "BitShift"])
            yield return name switch
            {
                "Mod" => "onnx Mod 10-24 | f[64,16] f[64,16] | fmod=1",
                "BitShift" => "onnx BitShift 11-24 | u8[64,16] u8[64,16] | direction=\"LEFT\"",
                _ => $"onnx {name} 7-24 | f[64,16] f[64,16]",
            };
        foreach (string name in (string[])["Abs", "Neg", "Sign", "Relu"])
            yield return $"onnx {name} 13-24 | i32[64,16]";
        foreach (string name in (string[])["And", "Or", "Xor"])
            yield return $"onnx {name} 7-24 | b[64,16] b[64,16]";
        foreach (string name in (string[])["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"])
            yield return $"onnx {name} 12-24 | f[64,16] f[64,16]";
        foreach (string name in (string[])["BitwiseAnd", "BitwiseOr", "BitwiseXor"])
            yield return $"onnx {name} 18-24 | i32[64,16] i32[64,16]";
        foreach (string line in (string[])
        [
            "onnx Not 7-24 | b[64,16]", "onnx BitwiseNot 18-24 | i32[64,16]", "onnx IsNaN 9-24 | f[64,16]", "onnx IsInf 10-24 | f[64,16]",
            "onnx Flatten 7-24 | f[64,16] | axis=1", "onnx Reshape 7-24 | f[64,16] i64[2]=16,64", "onnx Squeeze 7-12 | f[1,64,16] | axes=0,",
            "onnx Squeeze 13-24 | f[1,64,16] i64[1]=0", "onnx Unsqueeze 7-12 | f[64,16] | axes=0,", "onnx Unsqueeze 13-24 | f[64,16] i64[1]=0",
            "onnx Cast 7-24 | f[64,16] | to=6", "onnx Cast 7-24 | f[64,16] | to=1", "onnx Cast 7-24 | u8[64,16] | to=3",
            "onnx CastLike 15-24 | f[64,16] i32[1]=1", "onnx Clip 7-10 | f[64,16] | min=0.1 max=0.6", "onnx Clip 11-24 | f[64,16] f[]=0.1 f[]=0.6",
            "onnx Clip 12-24 | i8[64,16] i8[]=0 i8[]=5", "onnx Transpose 7-24 | f[32,32] | perm=1,0", "onnx Transpose 7-24 | f[1,1024] | perm=0,1",
            "onnx Slice 10-24 | f[64,16] i64[1]=0 i64[1]=64 i64[1]=0", "onnx Concat 7-24 | f[64,16] | axis=0", "onnx Expand 8-24 | f[64,16] i64[2]=64,16",
            "onnx Tile 7-24 | f[64,16] i64[2]=1,1", "onnx Pad 11-24 | f[64,16] i64[4]=0,0,0,0", "onnx Gather 7-24 | f[64,16] i64[64]=0",
            "onnx GatherElements 11-24 | f[64,16] i64[64,16]=0", "onnx GatherND 11-24 | f[64,16] i64[64,1]=0", "onnx Where 9-24 | b[64,16] f[64,16] f[64,16]",
            "onnx CumSum 11-24 | f[64,16] i64[1]=0", "onnx ReverseSequence 10-24 | f[64,16] i64[16]=1", "onnx Scatter 9-10 | f[64,16] i64[2,16]=0 f[2,16]",
            "onnx ScatterElements 11-24 | f[64,16] i64[2,16]=0 f[2,16]", "onnx ScatterND 11-24 | f[64,16] i64[2,1]=0,1 f[2,16]",
            "onnx BatchNormalization 7-24 | f[2,4,16,16] f[4]=1 f[4]=1 f[4]=1 f[4]=1", "onnx InstanceNormalization 7-24 | f[2,4,16,16] f[4]=1 f[4]=1",
            "onnx LayerNormalization 17-24 | f[64,16] f[16]=1 f[16]=1", "onnx RMSNormalization 23-24 | f[64,16] f[16]=1",
            "onnx GroupNormalization 18-24 | f[2,4,16,16] f[4]=1 f[4]=1 | num_groups=2", "onnx LRN 7-24 | f[2,4,16,16] | size=3",
            "onnx LpNormalization 7-24 | f[64,16]", "onnx MaxPool 7-24 | f[1,2,16,16] | kernel_shape=1,1", "onnx AveragePool 7-24 | f[1,2,16,16] | kernel_shape=1,1",
            "onnx Conv 7-24 | f[1,2,16,16] f[2,2,1,1]=1", "onnx ConvTranspose 7-24 | f[1,2,16,16] f[2,2,1,1]=1", "onnx MatMul 7-24 | f[64,16] f[16,16]=1",
            "onnx Gemm 7-24 | f[64,16] f[16,16]=1 f[64,16]", "onnx DepthToSpace 7-24 | f[1,4,16,16] | blocksize=1", "onnx SpaceToDepth 7-24 | f[1,4,16,16] | blocksize=1",
            "onnx Resize 11-24 | f[1,2,16,16] f[0] f[4]=1", "onnx Upsample 7-8 | f[1,2,16,16] | scales=1.0,1.0,1.0,1.0 mode=\"nearest\"", "onnx Einsum 12-24 | f[64,16] | equation=\"ij->ij\"",
            "onnx Split 13-17 | f[64,16] | axis=0", "onnx Split 18-24 | f[64,16] | axis=0 num_outputs=1", "onnx Compress 9-24 | f[64,16] b[64]=1 | axis=0",
            "onnx TopK 11-24 2 | f[64,16] i64[1]=16 | axis=1", "onnx ReduceSum 13-24 | f[64,1] i64[1]=1", "onnx ReduceMax 7-17 | f[64,1] | axes=1,",
            "onnx ReduceMean 7-17 | f[64,1] | axes=1,", "onnx ReduceMean 18-24 | f[64,1] i64[1]=1", "onnx ArgMax 7-24 | f[64,1] | axis=1",
            "onnx QuantizeLinear 10-24 | f[64,16] f[]=0.1 u8[]=0", "onnx DequantizeLinear 10-24 | i32[64,16] f[]=0.1", "onnx Det 11-24 | f[64,1,1]",
            "onnx EyeLike 9-24 | f[32,32]", "onnx Bernoulli 15-24 | f[64,16]", "onnx NonZero 9-24 | f[64,16]", "onnx OneHot 11-24 | i64[64] i64[]=1 f[2]=0,1",
            "onnx CenterCropPad 18-24 | f[64,16] i64[2]=64,16", "onnx Col2Im 18-24 | f[1,4,64] i64[2]=8,8 i64[2]=1,1", "onnx Unique 11-24 | f[64]",
            "onnx RotaryEmbedding 23-24 | f[1,2,16,8] f[16,4]=1 f[16,4]=1 i64[1,16]=0", "onnx TensorScatter 24-24 | f[1,2,16,8] f[1,2,1,8] i64[1]=0",
            "onnx AffineGrid 20-24 | f[1,2,3] i64[4]=1,1,8,8", "onnx GridSample 16-24 | f[1,1,16,16] f[1,16,16,2]",
            "ms Gelu 1-1 | f[64,16]", "ms QuickGelu 1-1 | f[64,16]", "ms FastGelu 1-1 | f[64,16] f[16]=1", "ms BiasGelu 1-1 | f[64,16] f[16]=1",
            "ms Inverse 1-1 | f[4,16,16]", "ms Trilu 1-1 | f[64,16]", "onnx LayerNormalization 7-16 | f[64,16] f[16]=1 f[16]=1",
            "ms SkipLayerNormalization 1-1 | f[2,32,16] f[2,32,16] f[16]=1 f[16]=1", "ms EmbedLayerNormalization 1-1 2 | i32[1,8] i32[1,8] f[8,16]=1 f[8,16]=1 f[2,16]=1 f[16]=1 f[16]=1",
            "ms SkipSimplifiedLayerNormalization 1-1 | f[2,32,16] f[2,32,16] f[16]=1", "onnx SimplifiedLayerNormalization 7-24 | f[64,16] f[16]=1",
            "ms FusedMatMul 1-1 | f[64,16] f[16,16]=1", "ms FusedGemm 1-1 | f[64,16] f[16,16]=1 f[64,16] | activation=\"Relu\"",
            "ms FusedConv 1-1 | f[1,2,16,16] f[2,2,1,1]=1 f[2]=0 f[1,2,16,16] | activation=\"Relu\"", "ms FusedConv 1-1 | f[1,2,16,16] f[2,2,1,1]=1 f[2]=0 f[1,2,16,16]",
            "ms NhwcFusedConv 1-1 | f[1,16,16,2] f[2,1,1,2]=1", "ms NhwcMaxPool 1-1 | u8[1,16,16,2] | kernel_shape=1,1", "ms ExpandDims 1-1 | f[64,16] i32[]=0",
            "ms QLinearAdd 1-1 | u8[64,16] f[]=0.1 u8[]=0 u8[64,16] f[]=0.1 u8[]=0 f[]=0.1 u8[]=0", "ms QLinearMul 1-1 | u8[64,16] f[]=0.1 u8[]=0 u8[64,16] f[]=0.1 u8[]=0 f[]=0.1 u8[]=0",
            "ms QLinearSigmoid 1-1 | u8[64,16] f[]=0.1 u8[]=0 f[]=0.1 u8[]=0", "ms QLinearLeakyRelu 1-1 | u8[64,16] f[]=0.1 u8[]=0 f[]=0.1 u8[]=0",
            "ms QLinearSoftmax 1-1 | u8[64,16] f[]=0.1 u8[]=0 f[]=0.1 u8[]=0 | opset=13", "ms QLinearConcat 1-1 | f[]=0.1 u8[]=0 u8[64,16] f[]=0.1 u8[]=0 | axis=0",
            "ms QuantizeLinear 1-1 | f[64,16] f[]=0.1 u8[]=0", "ms DequantizeLinear 1-1 | i32[64,16] f[]=0.1", "ms QLinearGlobalAveragePool 1-1 | u8[1,64,1,1] f[]=0.1 u8[]=0 f[]=0.1 u8[]=0",
            "ms QLinearAveragePool 1-1 | u8[1,2,16,16] f[]=0.1 u8[]=0 f[]=0.1 u8[]=0 | kernel_shape=1,1", "ms GatherND 1-1 | f[64,16] i64[64,1]=0",
            "ms TransposeMatMul 1-1 | f[64,16] f[16,16]=1", "ms MatMulNBits 1-1 | f[64,16] u8[16,1,8]=1 f[16]=1 | K=16 N=16 bits=4 block_size=16",
            "ms DynamicQuantizeMatMul 1-1 | f[64,16] u8[16,16]=1 f[]=0.1 u8[]=0", "ms MatMulInteger16 1-1 | i16[64,16] i16[16,16]=1", "ms Pad 1-1 | f[64,16] i64[4]=0,0,0,0",
            "ms Unique 1-1 3 | f[64]", "ms BifurcationDetector 1-1 2 | i64[8] i64[4] i64[]=0",
            "ms Attention 1-1 | f[1,16,16] f[16,48]=1 f[48]=1 | num_heads=2", "ms MultiHeadAttention 1-1 | f[1,16,16] f[1,16,16] f[1,16,16] | num_heads=2",
            "ms RotaryEmbedding 1-1 | f[1,16,16] i64[1]=0 f[16,4]=1 f[16,4]=1 | num_heads=2", "ms ConvTransposeWithDynamicPads 1-1 | f[1,2,16,16] f[2,2,1,1]=1 i64[4]=0,0,0,0",
            "ms MaxpoolWithMask 1-1 | f[1,2,16,16] i32[1,2,16,16] | kernel_shape=1,1", "ms CropAndResize 1-1 | f[1,2,16,16] f[1,4]=0,0,1,1 i32[1]=0 i32[2]=16,16", "ms GridSample 1-1 | f[1,1,16,16] f[1,16,16,2]",
            "ms SampleOp 1-1 | f[64,16]", "ms NGramRepeatBlock 1-1 | i64[1,8] f[1,64] | ngram_size=2", "ms WordConvEmbedding 1-1 | i32[2,8] f[4,1,3,4]=1 f[4]=1 f[256,4]=1 | embedding_size=4 conv_window_size=3 char_embedding_size=4",
            "ml Binarizer 1-1 | f[64,16] | threshold=0.2", "ml Normalizer 1-1 | f[64,16] | norm=\"MAX\"", "ml Scaler 1-1 | f[64,16] | offset=0.1, scale=0.5,",
            "ml Imputer 1-1 | f[64,1] | imputed_value_floats=1.0, replaced_value_float=0.5", "ml ArrayFeatureExtractor 1-1 | f[64,1] i64[1]=0", "ml FeatureVectorizer 1-1 | f[64,16] | inputdimensions=16,",
            "onnx ImageScaler 7-10 | f[1,1,16,16] | bias=0.1, scale=0.5", "onnx ParametricSoftplus 7-10 | f[64,16] | alpha=0.5 beta=0.5", "onnx ScaledTanh 7-10 | f[64,16] | alpha=0.5 beta=0.5",
            "onnx Affine 7-10 | f[64,16] | alpha=0.5 beta=0.5", "onnx Crop 7-10 | f[1,1,16,16] | border=0,0,0,0", "onnx DynamicSlice 7-10 | f[64,16] i64[1]=0 i64[1]=64 i64[1]=0",
        ])
        {
            yield return line;
        }
    }
}
