using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// Random models with one to three open dimensions, that run at every combination of sizes from 1 on: tokens and images, with shapes computed at run time, sizes that are rounded,
/// and parts of one size beside them.
/// </summary>
public sealed class RandomOpenModel
{
    private const int Width = 8;

    private readonly TestRandom _random;
    private readonly OnnxModelBuilder _builder = new("open");
    private readonly List<string> _tokens = [], _images = [], _scores = [];
    private readonly bool _hasBodies;
    private string? _flag;
    private int _bodies;

    private RandomOpenModel(ulong seed, bool hasBodies) => (_random, _hasBodies) = (new TestRandom(seed), hasBodies);

    /// <summary>A model.</summary>
    /// <param name="seed">Which.</param>
    /// <param name="hasBodies">True for If, Loop and Scan too, all of one input alike, that read what is open.</param>
    /// <returns>The model, and its dimensions with the largest sizes that a test should give them.</returns>
    public static (ModelProto Model, IReadOnlyDictionary<string, int> Largest) Create(ulong seed, bool hasBodies = false) => new RandomOpenModel(seed, hasBodies).Run();

    private (ModelProto Model, IReadOnlyDictionary<string, int> Largest) Run()
    {
        SortedDictionary<string, int> largest = new(StringComparer.Ordinal);
        int kind = _random.Next(3);
        bool openBatch = _random.Chance(0.5);
        if (kind != 1)
        {
            // [batch, tokens, width]
            largest["seq"] = 4 + _random.Next(30);
            _tokens.Add(_builder.SymbolicInput("x", DataType.Float, openBatch ? "batch" : 1, "seq", Width));
        }
        if (kind != 0)
        {
            // [batch, channels, height, width]
            largest["height"] = 8 + _random.Next(24);
            _images.Add(_builder.SymbolicInput("image", DataType.Float, openBatch ? "batch" : 1, 4, "height", kind == 2 ? 12 : 16));
        }
        if (openBatch)
            largest["batch"] = 2 + _random.Next(3);
        int steps = 6 + _random.Next(14);
        for (int step = 0; step < steps; step++)
        {
            if (_images.Count > 0 && (_tokens.Count == 0 || _random.Chance(0.5)))
                AddToImages();
            else
                AddToTokens();
        }
        int outputs = 0;
        foreach (List<string> values in (List<string>[])[_tokens, _images, _scores])
        {
            if (values.Count > 0)
                _builder.Output(_builder.Node(_random.Pick(["Identity", "Relu", "Neg"]), [values[^1]]), DataType.Float, null);
            outputs += values.Count > 0 ? 1 : 0;
        }
        return (_builder.Build(), largest);
    }

    private string Weight(params long[] dims) => _builder.Weight(_random.Floats(dims.Aggregate(1L, (a, b) => a * b), 0.5), dims);

    private void AddToTokens()
    {
        string x = _random.Pick(_tokens);
        switch (_random.Next(_hasBodies ? 14 : 11))
        {
            case 0:
                _tokens.Add(_builder.Node("MatMul", [x, Weight(Width, Width)]));
                break;
            case 1:
                _tokens.Add(_builder.Node(_random.Pick(["Add", "Mul", "Sub"]), [x, _random.Pick(_tokens)]));
                break;
            case 2:
                _tokens.Add(_builder.Node(_random.Pick(["Relu", "Sigmoid", "Tanh", "Neg", "Abs"]), [x]));
                break;
            case 3:
                // Attention: tokens against tokens.
                string scores = _builder.Node("Softmax", [_builder.Node("MatMul", [x, _builder.Node("Transpose", [_random.Pick(_tokens)], ("perm", new long[] { 0, 2, 1 }))])], ("axis", -1L));
                _scores.Add(scores);
                _tokens.Add(_builder.Node("MatMul", [scores, _random.Pick(_tokens)]));
                break;
            case 4:
                // Heads: [batch, tokens, 2, 4] and back, the tokens by their number or by -1.
                string shape = _random.Chance(0.5) ? _builder.Integers(0, -1, 2, Width / 2) : Concat(Size(x, 0), Size(x, 1), _builder.Integers(2), _builder.Integers(Width / 2));
                string heads = _builder.Node("Transpose", [_builder.Node("Reshape", [x, shape])], ("perm", new long[] { 0, 2, 1, 3 }));
                string back = _builder.Node("Transpose", [_random.Chance(0.5) ? _builder.Node("Relu", [heads]) : heads], ("perm", new long[] { 0, 2, 1, 3 }));
                _tokens.Add(_builder.Node("Reshape", [back, _builder.Integers(0, 0, Width)]));
                break;
            case 5:
                // Twice as many tokens, of which the first half is taken by its number.
                string both = _builder.Node("Concat", [x, _random.Pick(_tokens)], ("axis", 1L));
                _tokens.Add(_builder.Node("Slice", [both, _builder.Integers(0), Size(x, 1), _builder.Integers(1)]));
                break;
            case 6:
                // Every second token, and twice as often.
                string few = _builder.Node("Slice", [x, _builder.Integers(0), _builder.Integers(int.MaxValue), _builder.Integers(1), _builder.Integers(2)]);
                string wide = _builder.Node("Concat", [few, few], ("axis", 1L));
                _tokens.Add(_builder.Node("Slice", [wide, _builder.Integers(0), Size(x, 1), _builder.Integers(1)]));
                break;
            case 7:
                _tokens.Add(_builder.Node("Add", [x, _builder.Node("ReduceMean", [x], ("axes", new long[] { 1 }), ("keepdims", 1L))]));
                break;
            case 8:
                _tokens.Add(_builder.Node("Add", [x, _builder.Node("Expand", [Weight(1, 1, Width), _builder.Node("Shape", [x])])]));
                break;
            case 9:
                string[] halves = _builder.Nodes("Split", [x], 2, ("axis", 2L));
                _tokens.Add(_builder.Node("Concat", [halves[1], halves[0]], ("axis", 2L)));
                break;
            case 11:
                _tokens.Add(If(x));
                break;
            case 12:
                // Of the input: ONNX Runtime runs no Scan of whose values it does not know the rank before.
                _tokens.Add(Scan(_tokens[0]));
                break;
            case 13:
                _tokens.Add(Loop(x));
                break;
            default:
                // One size, whatever the input.
                string fixedPart = _builder.Node("Tanh", [_builder.Node("MatMul", [Weight(3, Width), Weight(Width, Width)])]);
                _tokens.Add(_builder.Node("Add", [x, _builder.Node("ReduceSum", [fixedPart, _builder.Integers(0)], ("keepdims", 1L))]));
                break;
        }
    }

    /// <summary>One of two branches, which read the tokens from outside.</summary>
    private string If(string x)
    {
        _flag ??= _builder.Input("flag", DataType.Bool);
        OnnxModelBuilder product = Body(), negative = Body();
        product.Output(product.Node("Tanh", [product.Node("MatMul", [x, product.Weight(_random.Floats(Width * Width, 0.5), Width, Width)])]), DataType.Float, null);
        negative.Output(negative.Node("Neg", [x]), DataType.Float, null);
        return _builder.Node("If", [_flag], ("then_branch", product.Subgraph()), ("else_branch", negative.Subgraph()));
    }

    /// <summary>A recurrent layer: token by token, from a state of one for each of the batch.</summary>
    private string Scan(string x)
    {
        OnnxModelBuilder body = Body();
        string state = body.Input("state" + _bodies, DataType.Float, null), token = body.Input("token" + _bodies, DataType.Float, null);
        string next = body.Node("Tanh", [body.Node("Add", [body.Node("MatMul", [state, body.Weight(_random.Floats(Width * Width, 0.5), Width, Width)]), token])]);
        body.Output(next, DataType.Float, null);
        body.Output(body.Node("Relu", [next]), DataType.Float, null);
        string first = _builder.Node("ReduceMean", [x], ("axes", new long[] { 1 }), ("keepdims", 0L));
        string[] made = _builder.Nodes("Scan", [first, _builder.Node("Transpose", [x], ("perm", new long[] { 1, 0, 2 }))], 2, ("body", body.Subgraph()), ("num_scan_inputs", 1L));
        return _builder.Node("Transpose", [made[1]], ("perm", new long[] { 1, 0, 2 }));
    }

    /// <summary>A layer that is run three times.</summary>
    private string Loop(string x)
    {
        OnnxModelBuilder body = Body();
        body.Input("round" + _bodies, DataType.Int64);
        string go = body.Input("go" + _bodies, DataType.Bool), state = body.Input("x" + _bodies, DataType.Float, null);
        body.Output(body.Node("Identity", [go]), DataType.Bool);
        body.Output(body.Node("Tanh", [body.Node("MatMul", [state, body.Weight(_random.Floats(Width * Width, 0.5), Width, Width)])]), DataType.Float, null);
        string three = _builder.Add(OnnxModelBuilder.Tensor("rounds" + _bodies, DataType.Int64, BitConverter.GetBytes(3L))), yes = _builder.Add(OnnxModelBuilder.Tensor("yes" + _bodies, DataType.Bool, [1]));
        return _builder.Node("Loop", [three, yes, x], ("body", body.Subgraph()));
    }

    private OnnxModelBuilder Body()
    {
        string prefix = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"b{_bodies++}_");
        return new OnnxModelBuilder(prefix + "body", prefix: prefix);
    }

    private void AddToImages()
    {
        string x = _random.Pick(_images);
        switch (_random.Next(7))
        {
            case 0:
                _images.Add(_builder.Node("Conv", [x, Weight(4, 4, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 })));
                break;
            case 1:
                _images.Add(_builder.Node(_random.Pick(["Relu", "Sigmoid", "HardSwish", "Neg"]), [x]));
                break;
            case 2:
                // Smaller by a rounded half, and back to the size it had.
                string small = _random.Chance(0.5)
                    ? _builder.Node("Conv", [x, Weight(4, 4, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }))
                    : _builder.Node("MaxPool", [x], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }), ("ceil_mode", (long)_random.Next(2)));
                string large = _builder.Node("Resize", [small, "", "", _builder.Node("Shape", [x])], ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"));
                _images.Add(_builder.Node("Add", [x, large]));
                break;
            case 3:
                _images.Add(_builder.Node("Mul", [x, _builder.Node("Sigmoid", [_builder.Node("GlobalAveragePool", [x])])]));
                break;
            case 4:
                _images.Add(_builder.Node("Conv", [_builder.Node("Concat", [x, _builder.Node("Relu", [x])], ("axis", 1L)), Weight(4, 8, 1, 1)]));
                break;
            case 5:
                _images.Add(_builder.Node("AveragePool", [x], ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 })));
                break;
            default:
                // Rows as tokens, and back.
                string rows = _builder.Node("Transpose", [x], ("perm", new long[] { 0, 2, 1, 3 }));
                string flat = _builder.Node("Reshape", [rows, Concat(Size(x, 0), Size(x, 2), _builder.Integers(-1))]);
                string again = _builder.Node("Reshape", [_builder.Node("Tanh", [flat]), _builder.Node("Shape", [rows])]);
                _images.Add(_builder.Node("Transpose", [again], ("perm", new long[] { 0, 2, 1, 3 })));
                break;
        }
    }

    /// <summary>The size of an axis, as a list of one number that is computed in a run.</summary>
    private string Size(string value, long axis) => _builder.Node("Gather", [_builder.Node("Shape", [value]), _builder.Integers(axis)]);

    private string Concat(params string[] parts) => _builder.Node("Concat", parts, ("axis", 0L));
}
