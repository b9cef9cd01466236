using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Isolation;
using Serenity.Onnx.Isolation.Messages;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Tests.Runtime;
using Serenity.Testing.Json;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Isolation;

/// <summary>
/// What parent and host hand each other arrives whole. The check knows nothing of the messages: instances are filled by reflection, each property with a value of its own, and what arrives
/// must be the same to a serializer that goes by types.
/// </summary>
[TestClass]
public sealed class HostMessageTests
{
    private static readonly JsonSerializerOptions _options = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutWorkedOut } },
        Converters = { new FormulaConverter() },
    };

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void Everything_that_is_said_arrives(bool optional, bool truth)
    {
        // Twice with all there is, so that a value that is missing differs from its default once.
        Filler filler = new(optional, truth);
        // Who is told of progress cannot be handed on.
        Same(filler.Make<OptimizeRequest>() with { Progress = null }, RequestMessage.Write, RequestMessage.Read);
        Same(filler.Make<HostAnswer>(), AnswerMessage.Write, AnswerMessage.Read);
        Same(filler.Make<SerenityDiagnostic>(), ProblemMessage.Write, ProblemMessage.ReadDiagnostic);
        Same(filler.Make<HostFault>(), ProblemMessage.Write, ProblemMessage.ReadFault);
    }

    [TestMethod]
    public void The_facts_of_a_model_arrive()
    {
        using ModelOnDisk model = new(TinyModels.Convolution(4, 8).Bytes);
        OptimizationFacts facts = ModelOptimizer.Optimize(model.Request);
        Same(new HostAnswer(facts, "x.data", [new WrittenPart(0, "a", 1, 2)]), AnswerMessage.Write, AnswerMessage.Read);
        Same(model.Request, RequestMessage.Write, RequestMessage.Read);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("ä\0\r\n\uFFFF")]
    [DataRow("\uD800 half a pair")]
    public void Texts_arrive_as_they_are(string text)
    {
        HostFault fault = new(text, text + text);
        Assert.AreEqual(fault, MessageReader.Read(MessageWriter.ToBytes(fault, ProblemMessage.Write), ProblemMessage.ReadFault));
    }

    [TestMethod]
    public void Numbers_arrive_to_the_bit()
    {
        foreach (double number in new[] { 0.0, -0.0, double.NaN, double.PositiveInfinity, double.Epsilon, 0.1 })
        {
            OptimizeRequest request = new() { ModelPath = "m", WorkLimit = number };
            OptimizeRequest read = MessageReader.Read(MessageWriter.ToBytes(request, RequestMessage.Write), RequestMessage.Read);
            Assert.AreEqual(BitConverter.DoubleToInt64Bits(number), BitConverter.DoubleToInt64Bits(read.WorkLimit));
        }
    }

    [TestMethod]
    public void What_is_damaged_is_said_to_be_or_read_as_something_and_takes_little_memory()
    {
        byte[] whole = MessageWriter.ToBytes(new Filler(true, true).Make<HostAnswer>(), AnswerMessage.Write);
        for (int length = 0; length < whole.Length; length++)
            Assert.ThrowsExactly<InvalidDataException>(() => MessageReader.Read(whole[..length], AnswerMessage.Read), $"{length} bytes");
        Assert.ThrowsExactly<InvalidDataException>(() => MessageReader.Read([.. whole, 0], AnswerMessage.Read));
        byte[] damaged = new byte[whole.Length];
        long before = GC.GetAllocatedBytesForCurrentThread(), most = 0;
        for (int place = 0; place < whole.Length; place++)
        {
            foreach (byte change in new byte[] { 1, 0x7F, 0x80 })
            {
                whole.CopyTo(damaged, 0);
                damaged[place] ^= change;
                long start = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    MessageReader.Read(damaged, AnswerMessage.Read);
                }
                catch (InvalidDataException)
                {
                    // Cut short, or none.
                }
                most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - start);
            }
        }
        Assert.IsGreaterThan(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.IsLessThan(64L * whole.Length, most);
    }

    private static void Same<T>(T value, Action<MessageWriter, T> write, Func<MessageReader, T> read)
        where T : class
    {
        T arrived = MessageReader.Read(MessageWriter.ToBytes(value, write), read);
        Assert.AreEqual(Text(value), Text(arrived));
    }

    private static string Text<T>(T value) => value is HostAnswer answer
        // As the facts that they are declared to be: without the model.
        ? string.Join('\n', JsonSerializer.Serialize<OptimizationFacts>(answer.Facts, _options), JsonSerializer.Serialize(answer.DataFile), JsonSerializer.Serialize(answer.Parts))
        : JsonSerializer.Serialize(value, _options);

    // What is worked out from others is not handed on.
    private static void LeaveOutWorkedOut(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties.Where(p => p.Set is null).ToArray())
            type.Properties.Remove(property);
    }

    /// <summary>Makes instances in which every property has a value that no other has, or only those that must have one.</summary>
    private sealed class Filler(bool optional, bool truth)
    {
        private static readonly NullabilityInfoContext _nullability = new();
        private int _next = truth ? 1 : 2;

        public T Make<T>() => (T)Make(typeof(T));

        private object Make(Type type)
        {
            int next = _next++;
            if (Nullable.GetUnderlyingType(type) is { } given)
                return Make(given);
            if (type == typeof(string))
                return $"t{next}";
            if (type == typeof(bool))
                return truth;
            if (type == typeof(int) || type == typeof(long) || type == typeof(double))
                return Convert.ChangeType(next, type, System.Globalization.CultureInfo.InvariantCulture);
            if (type.IsEnum)
                return Enum.GetValues(type).GetValue(next % Enum.GetValues(type).Length)!;
            if (type == typeof(SizeExpression))
                return SizeExpressionText.Read($"{next}*n");
            if (Element(type, typeof(IReadOnlyDictionary<,>)) is [_, { } of])
            {
                IDictionary map = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), of))!;
                for (int i = 0; i < Count; i++)
                    map.Add($"k{_next++}", Make(of));
                return map;
            }
            if ((type.IsArray ? type.GetElementType() : Element(type, typeof(IReadOnlyList<>)) is [{ } item] ? item : null) is { } element)
            {
                Array list = Array.CreateInstance(element, Count);
                for (int i = 0; i < list.Length; i++)
                    list.SetValue(Make(element), i);
                return list;
            }
            if (typeof(Delegate).IsAssignableFrom(type))
                return Delegate.CreateDelegate(type, typeof(Filler), nameof(Ignore));
            return MakeRecord(type);
        }

        private int Count => optional ? 2 : 0;

        private object MakeRecord(Type type)
        {
            ConstructorInfo maker = type.GetConstructors(BindingFlags.Instance | BindingFlags.Public).OrderByDescending(c => c.GetParameters().Length).First(
                c => c.GetParameters() is not [{ } only] || only.ParameterType != type);
            object made = maker.Invoke([.. maker.GetParameters().Select(p => MayBeNull(p.ParameterType, _nullability.Create(p)) ? null : Make(p.ParameterType))]);
            HashSet<string> given = [.. maker.GetParameters().Select(p => p.Name!)];
            foreach (PropertyInfo property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.CanWrite && !given.Contains(p.Name)))
            {
                bool isRequired = property.GetCustomAttribute<RequiredMemberAttribute>() is not null;
                if (!optional && !isRequired && MayBeNull(property.PropertyType, _nullability.Create(property)))
                    continue;
                property.SetValue(made, MayBeNull(property.PropertyType, _nullability.Create(property)) ? null : Make(property.PropertyType));
            }
            return made;
        }

        private bool MayBeNull(Type type, NullabilityInfo info) => !optional && (Nullable.GetUnderlyingType(type) is not null || info.ReadState == NullabilityState.Nullable);

        private static Type[]? Element(Type type, Type generic) => type.IsGenericType && type.GetGenericTypeDefinition() == generic ? type.GetGenericArguments() : null;

        private static void Ignore(PipelineStage stage) => _ = stage;
    }
}
