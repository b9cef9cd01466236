namespace Serenity.Onnx.Operators.Time;

/// <summary>
/// What one unit of each term takes, in nanoseconds: fitted by <c>bench work --fit</c> to kernels of the test data's models, whole and in pieces, in ONNX Runtime 1.31.1 on
/// one core of an x64 processor with AVX-512, under the options that make figures true. Another processor has other prices; what a plan costs more is a ratio and moves less.
/// </summary>
internal static class TermPrices
{
    private static readonly double[] _prices = Make();

    /// <summary>The price of a term.</summary>
    public static double Of(TimeTerm term) => _prices[(int)term];

    private static double[] Make()
    {
        double[] prices = new double[Enum.GetValues<TimeTerm>().Length];
        void Set(TimeTerm term, double nanoseconds) => prices[(int)term] = nanoseconds;

        Set(TimeTerm.Node, 0);
        Set(TimeTerm.View, 1220);
        Set(TimeTerm.Convolution, 1870);
        Set(TimeTerm.ConvolutionGroup, 194);
        Set(TimeTerm.ConvolutionProduct, 0.021);
        Set(TimeTerm.ConvolutionInput, 0.0771);
        Set(TimeTerm.ConvolutionColumn, 0.248);
        Set(TimeTerm.ConvolutionOutput, 0.0856);
        Set(TimeTerm.Depthwise, 941);
        Set(TimeTerm.DepthwiseChannel, 238);
        Set(TimeTerm.DepthwiseProduct, 0.209);
        Set(TimeTerm.TransposedProduct, 0.03);
        Set(TimeTerm.TransposedColumn, 0.5);
        Set(TimeTerm.QuantizedConvolution, 4320);
        Set(TimeTerm.QuantizedConvolutionProduct, 0.00504);
        Set(TimeTerm.QuantizedConvolutionColumn, 0.112);
        Set(TimeTerm.QuantizedConvolutionElement, 0.136);
        Set(TimeTerm.QuantizedDepthwiseProduct, 0.0359);
        Set(TimeTerm.MatrixProduct, 640);
        Set(TimeTerm.MatrixBatch, 98.2);
        Set(TimeTerm.MatrixMultiply, 0.023);
        Set(TimeTerm.MatrixPacked, 0.107);
        Set(TimeTerm.MatrixWeight, 0.0353);
        Set(TimeTerm.MatrixOutput, 0.131);
        Set(TimeTerm.QuantizedMatrix, 963);
        Set(TimeTerm.QuantizedMatrixMultiply, 0.02);
        Set(TimeTerm.Elementwise, 1270);
        Set(TimeTerm.ElementwiseElement, 0.0494);
        Set(TimeTerm.ElementwiseStretch, 3.3);
        Set(TimeTerm.FunctionElement, 0.294);
        Set(TimeTerm.QuantizedElement, 0.155);
        Set(TimeTerm.NormalizationRow, 15.5);
        Set(TimeTerm.NormalizationElement, 0.261);
        Set(TimeTerm.SkipNormalizationRow, 100);
        Set(TimeTerm.SkipNormalizationElement, 2);
        Set(TimeTerm.Pool, 3250);
        Set(TimeTerm.PoolTap, 0.0451);
        Set(TimeTerm.PlainPoolTap, 1.99);
        Set(TimeTerm.Reduction, 1240);
        Set(TimeTerm.ReductionElement, 0.14);
        Set(TimeTerm.Slice, 1520);
        Set(TimeTerm.SliceElement, 0.189);
        Set(TimeTerm.SliceStretch, 4.51);
        Set(TimeTerm.Concat, 1430);
        Set(TimeTerm.ConcatElement, 0.153);
        Set(TimeTerm.ConcatStretch, 2.11);
        Set(TimeTerm.MovedElement, 0.191);
        Set(TimeTerm.NearestElement, 0.149);
        Set(TimeTerm.LinearElement, 1.51);
        Set(TimeTerm.RecurrentProduct, 0.05);
        Set(TimeTerm.RecurrentStep, 2000);
        Set(TimeTerm.Other, 1430);
        Set(TimeTerm.OtherElement, 0.302);
        return prices;
    }
}
