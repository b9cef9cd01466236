using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// Random small models in which sizes depend on data, by a rule each: NonZero, Compress, Unique, NonMaxSuppression, TopK, Slice, Loop and If of different branches, between operators whose
/// sizes follow. Where <see cref="Reaches"/> is true, inputs of numbers above zero that all differ make every one of them give the most it can.
/// </summary>
/// <param name="Model">The model; its inputs are float tensors.</param>
/// <param name="Reaches">True if the bound can be met.</param>
public sealed record RandomDataSizes(ModelProto Model, bool Reaches)
{
    /// <summary>Makes a model.</summary>
    /// <param name="seed">Same seed, same model.</param>
    public static RandomDataSizes Create(ulong seed) => new Maker(seed).Make();

    /// <summary>A value, and what it is on the inputs that make all give the most.</summary>
    /// <param name="Name">Name.</param>
    /// <param name="IsFull">True if every element is above zero.</param>
    /// <param name="Differs">True if all elements differ.</param>
    private sealed record Value(string Name, bool IsFull, bool Differs);

    private sealed class Maker(ulong seed)
    {
        private readonly TestRandom _random = new(seed);
        private readonly OnnxModelBuilder _b = new();
        private readonly List<Value> _values = [];
        private bool _reaches = true;
        private int _bodies;

        public RandomDataSizes Make()
        {
            for (int i = 0; i < 1 + _random.Next(2); i++)
                _values.Add(new Value(_b.Input($"x{i}", DataType.Float, 3 + _random.Next(5), 2 + _random.Next(4)), true, true));
            int steps = 3 + _random.Next(6);
            for (int i = 0; i < steps; i++)
                _values.Add(Step(_values[_random.Next(_values.Count)]));
            _b.Output(_b.Node("ReduceSum", [_values[^1].Name], ("keepdims", 0L)), DataType.Float, null);
            Value before = _values[^2];
            _b.Output(_b.Node("Identity", [before.Name]), DataType.Float, null);
            return new RandomDataSizes(_b.Build(), _reaches);
        }

        private string Flat(Value value) => _b.Node("Reshape", [value.Name, _b.Integers(-1)]);

        private Value Step(Value given)
        {
            switch (_random.Next(14))
            {
                case 0:
                    _reaches &= given.IsFull;
                    string found = _b.Node("Cast", [_b.Node("Transpose", [_b.Node("NonZero", [given.Name])])], ("to", 1L));
                    return new Value(_b.Node("Add", [found, _b.Weight([1f])]), true, false);
                case 1:
                    _reaches &= given.IsFull;
                    return given with { Name = _b.Node("Compress", [given.Name, _b.Node("Greater", [Flat(given), _b.Weight([0f])])]) };
                case 2:
                    _reaches &= given.Differs;
                    return given with { Name = _b.Nodes("Unique", [given.Name], 4)[0] };
                case 3:
                    // The best so many of a flat list, or all where there are fewer.
                    string flat = Flat(given);
                    return given with { Name = _b.Nodes("TopK", [flat, _b.Node("Min", [_b.Node("Shape", [flat]), _b.Integers(1 + _random.Next(12))])], 2)[0] };
                case 4:
                    // Up to a count of what is above zero: all of it where everything is.
                    _reaches &= given.IsFull;
                    string list = Flat(given);
                    string count = _b.Node("ReduceSum", [_b.Node("Cast", [_b.Node("Greater", [list, _b.Weight([0f])])], ("to", (long)DataType.Int64))], ("keepdims", 1L));
                    return given with { Name = _b.Node("Slice", [list, _b.Integers(0), count, _b.Integers(0)]) };
                case 5:
                    return Branches(given);
                case 6:
                    return Rounds(given);
                case 7:
                    return new Value(_b.Node("Mul", [given.Name, given.Name]), given.IsFull, false);
                case 8:
                    return given with { Name = Flat(given) };
                case 9:
                    Value other = _values[_random.Next(_values.Count)];
                    return new Value(_b.Node("Concat", [Flat(given), Flat(other)], ("axis", 0L)), given.IsFull && other.IsFull, false);
                case 10:
                    return new Value(_b.Node("Neg", [given.Name]), false, given.Differs);
                case 11:
                    return given with { Name = _b.Node("Abs", [given.Name]), Differs = given.Differs && given.IsFull };
                case 12:
                    return new Value(_b.Node("Relu", [given.Name]), given.IsFull, given.Differs && given.IsFull);
                default:
                    return new Value(_b.Node("Round", [given.Name]), false, false);
            }
        }

        /// <summary>The value twice, or as it is, by its sum.</summary>
        private Value Branches(Value given)
        {
            string twice = $"b{_bodies++}_", once = $"b{_bodies++}_", flat = Flat(given);
            OnnxModelBuilder then = new("then", prefix: twice), otherwise = new("else", prefix: once);
            then.Output(then.Node("Concat", [flat, flat], ("axis", 0L)), DataType.Float, null);
            otherwise.Output(otherwise.Node("Abs", [flat]), DataType.Float, null);
            _reaches &= given.IsFull;
            string positive = _b.Node("Greater", [_b.Node("ReduceSum", [flat], ("keepdims", 0L)), _b.Node("Squeeze", [_b.Weight([0f])])]);
            // What of nothing is not above zero: then the smaller is taken.
            return new Value(_b.Node("If", [positive], ("then_branch", then.Subgraph()), ("else_branch", otherwise.Subgraph())), given.IsFull, false);
        }

        /// <summary>A constant number of rounds that data may end before.</summary>
        private Value Rounds(Value given)
        {
            string prefix = $"b{_bodies++}_";
            OnnxModelBuilder body = new("body", prefix: prefix);
            body.Input(prefix + "i", DataType.Int64);
            body.Input(prefix + "go", DataType.Bool);
            string most = _b.Node("ReduceMax", [_b.Node("Concat", [Flat(given), _b.Weight([-1f], 1)], ("axis", 0L))], ("keepdims", 0L));
            string zero = body.Add(OnnxModelBuilder.Tensor(prefix + "zero", DataType.Float, BitConverter.GetBytes(0f)));
            body.Output(body.Node("Greater", [most, zero]), DataType.Bool);
            body.Output(body.Node("Add", [most, body.Node("Cast", [prefix + "i"], ("to", 1L))]), DataType.Float);
            _reaches &= given.IsFull;
            string trips = _b.Add(OnnxModelBuilder.Tensor(prefix + "trips", DataType.Int64, BitConverter.GetBytes(1L + _random.Next(6))));
            string go = _b.Add(OnnxModelBuilder.Tensor(prefix + "start", DataType.Bool, [1]));
            return new Value(_b.Node("Loop", [trips, go], ("body", body.Subgraph())), given.IsFull, given.IsFull);
        }
    }
}
