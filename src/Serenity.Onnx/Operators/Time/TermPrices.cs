namespace Serenity.Onnx.Operators.Time;

/// <summary>
/// What one unit of each term takes, in nanoseconds: fitted by <c>bench work --fit</c> to kernels of the test data's models, whole and in pieces, in ONNX Runtime 1.31.1 on
/// one core of an x64 processor with AVX-512, under the options that make figures true; then groups of them scaled to what whole runs of the same forms take longer, since a profile's own part
/// is most in small kernels. Another processor has other prices; what a plan costs more is a ratio and moves less.
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
        Set(TimeTerm.View, 976);
        Set(TimeTerm.Convolution, 1680);
        Set(TimeTerm.ConvolutionGroup, 161);
        Set(TimeTerm.ConvolutionProduct, 0.0258);
        Set(TimeTerm.ConvolutionInput, 0.0925);
        Set(TimeTerm.ConvolutionColumns, 1000);
        Set(TimeTerm.ConvolutionColumn, 0.2);
        Set(TimeTerm.ConvolutionStridedColumn, 0.42);
        Set(TimeTerm.ConvolutionOutput, 0.103);
        Set(TimeTerm.Depthwise, 847);
        Set(TimeTerm.DepthwiseChannel, 198);
        Set(TimeTerm.DepthwiseProduct, 0.349);
        Set(TimeTerm.TransposedProduct, 0.03);
        Set(TimeTerm.TransposedColumn, 0.5);
        Set(TimeTerm.QuantizedConvolution, 3890);
        Set(TimeTerm.QuantizedConvolutionProduct, 0.00504);
        // Of a stem of three channels, whole and in pieces; what is left for an element follows from those of 24.
        Set(TimeTerm.QuantizedConvolutionColumn, 0.02);
        Set(TimeTerm.QuantizedConvolutionPlace, 2.5);
        Set(TimeTerm.QuantizedConvolutionElement, 0.136);
        Set(TimeTerm.QuantizedDepthwiseProduct, 0.0359);
        Set(TimeTerm.MatrixProduct, 1200);
        Set(TimeTerm.MatrixBatch, 118);
        Set(TimeTerm.MatrixMultiply, 0.0198);
        Set(TimeTerm.MatrixPacked, 0.092);
        Set(TimeTerm.MatrixWeight, 0.0304);
        Set(TimeTerm.MatrixFarWeight, 0.07);
        Set(TimeTerm.MatrixOutput, 0.113);
        // Of three layers of attention as one operator, whole and in pieces, with weights of 2 and 9 MiB.
        Set(TimeTerm.AttentionOperand, 0.5);
        Set(TimeTerm.AttentionScore, 0.374);
        Set(TimeTerm.AttentionMask, 0.1);
        Set(TimeTerm.QuantizedMatrix, 867);
        Set(TimeTerm.QuantizedMatrixMultiply, 0.02);
        Set(TimeTerm.Elementwise, 1140);
        Set(TimeTerm.ElementwiseElement, 0.0494);
        Set(TimeTerm.ElementwiseStretch, 3.3);
        Set(TimeTerm.FunctionElement, 0.294);
        Set(TimeTerm.QuantizedElement, 0.155);
        Set(TimeTerm.NormalizationRow, 15.5);
        Set(TimeTerm.NormalizationElement, 0.261);
        Set(TimeTerm.SkipNormalizationRow, 100);
        Set(TimeTerm.SkipNormalizationElement, 4.9);
        Set(TimeTerm.Pool, 2920);
        Set(TimeTerm.PoolTap, 0.0451);
        Set(TimeTerm.PlainPoolTap, 1.99);
        Set(TimeTerm.Reduction, 1120);
        Set(TimeTerm.ReductionElement, 0.14);
        Set(TimeTerm.Slice, 1520);
        Set(TimeTerm.SliceElement, 0.132);
        Set(TimeTerm.SliceStretch, 3.16);
        Set(TimeTerm.Concat, 1430);
        Set(TimeTerm.ConcatElement, 0.107);
        Set(TimeTerm.ConcatStretch, 1.48);
        Set(TimeTerm.MovedElement, 0.191);
        Set(TimeTerm.NearestElement, 0.149);
        Set(TimeTerm.LinearElement, 1.51);
        Set(TimeTerm.RecurrentProduct, 0.05);
        Set(TimeTerm.RecurrentStep, 2000);
        // By 'bench work MODEL… --in=FOLDER --fit' with the ONNX Runtime that is built with, on the same kind of processor, blocks of 16, from 47 forms of ten models.
        // What a call takes is fitted for all kernels together: that of a convolution came out as 1660 there, of one in blocks as 1690.
        Set(TimeTerm.BlockedConvolution, 1690);
        Set(TimeTerm.BlockedProduct, 0.0187);
        Set(TimeTerm.BlockedRead, 0.00969);
        Set(TimeTerm.BlockedPass, 0.0282);
        Set(TimeTerm.BlockedRow, 20.2);
        Set(TimeTerm.BlockedDepthwiseProduct, 0.0214);
        Set(TimeTerm.BlockedDepthwiseInput, 0.0238);
        Set(TimeTerm.BlockedPool, 686);
        Set(TimeTerm.BlockedPoolPlace, 0.0242);
        Set(TimeTerm.BlockedGlobalPlace, 0.0588);
        Set(TimeTerm.BlockedUpsample, 444);
        Set(TimeTerm.BlockedUpsampleElement, 0.121);
        Set(TimeTerm.Reorder, 937);
        Set(TimeTerm.ReorderElement, 0.12);
        Set(TimeTerm.Other, 1290);
        Set(TimeTerm.OtherElement, 0.302);
        return prices;
    }
}
