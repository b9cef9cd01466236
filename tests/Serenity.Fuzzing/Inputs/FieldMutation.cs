using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Changes any field of any message of a model, knowing its type and nothing of its meaning.</summary>
internal sealed class FieldMutation(Corpus corpus, TestRandom random)
{
    /// <summary>Changes one field.</summary>
    public void Apply(IMessage root)
    {
        List<IMessage> messages = ProtoTree.Messages(root);
        IMessage message = random.Pick(messages);
        IList<FieldDescriptor> fields = message.Descriptor.Fields.InFieldNumberOrder();
        // Fields that are set, mostly: most of a message's fields are not, and setting them all would leave nothing of the model.
        FieldDescriptor[] set = [.. fields.Where(f => IsSet(message, f))];
        FieldDescriptor field = set.Length > 0 && random.Chance(0.8) ? random.Pick(set) : fields[random.Next(fields.Count)];
        if (field.IsRepeated)
            ChangeList((IList)field.Accessor.GetValue(message), field);
        else if (random.Chance(0.2))
            field.Accessor.Clear(message);
        else
            field.Accessor.SetValue(message, Value(field, field.Accessor.GetValue(message)));
    }

    private static bool IsSet(IMessage message, FieldDescriptor field) => field.IsRepeated
        ? ((IList)field.Accessor.GetValue(message)).Count > 0
        : field.Accessor.HasValue(message);

    private void ChangeList(IList list, FieldDescriptor field)
    {
        int at = list.Count == 0 ? 0 : random.Next(list.Count);
        switch (list.Count == 0 ? 3 : random.Next(6))
        {
            case 0:
                list.RemoveAt(at);
                break;
            case 1:
                list.Insert(random.Next(list.Count + 1), list[at] is IMessage message ? ProtoTree.Clone(message) : list[at]);
                break;
            case 2:
                int other = random.Next(list.Count);
                object? kept = list[at];
                list[at] = list[other];
                list[other] = kept;
                break;
            case 3:
                list.Insert(random.Next(list.Count + 1), Value(field, list.Count == 0 ? null : list[at]));
                break;
            case 4 when random.Chance(0.2):
                list.Clear();
                break;
            default:
                list[at] = Value(field, list[at]);
                break;
        }
    }

    /// <summary>Another value of a field's type.</summary>
    /// <param name="field">The field.</param>
    /// <param name="now">What stands there.</param>
    private object Value(FieldDescriptor field, object? now)
    {
        switch (field.FieldType)
        {
            case FieldType.Message:
                return corpus.Part(field.MessageType, random) ?? field.MessageType.Parser.ParseFrom(ByteString.Empty);
            case FieldType.String:
                return random.Chance(0.5) && corpus.Part(field.ContainingType, random) is { } donor && !field.IsRepeated
                    ? field.Accessor.GetValue(donor) : StrangeValues.Text(random);
            case FieldType.Bytes:
                byte[] bytes = now is ByteString old ? old.ToByteArray() : [];
                int length = random.Next(4) switch { 0 => 0, 1 => bytes.Length + random.Next(1, 9), 2 => bytes.Length / 2, _ => bytes.Length };
                Array.Resize(ref bytes, length);
                for (int i = 0; i < Math.Min(length, 8); i++)
                    bytes[random.Next(length)] = (byte)random.Next(256);
                return ByteString.CopyFrom(bytes);
            case FieldType.Float:
                return (float)StrangeValues.Real(random);
            case FieldType.Double:
                return StrangeValues.Real(random);
            case FieldType.Bool:
                return random.Chance(0.5);
            case FieldType.Enum:
                // The parser keeps numbers that no name belongs to apart; those are reached by changing bytes.
                IList<EnumValueDescriptor> names = field.EnumType.Values;
                int number = names[random.Next(names.Count)].Number;
                return now is Enum ? Enum.ToObject(now.GetType(), number) : number;
            case FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32:
                return unchecked((int)StrangeValues.Number(random));
            case FieldType.UInt32 or FieldType.Fixed32:
                return unchecked((uint)StrangeValues.Number(random));
            case FieldType.UInt64 or FieldType.Fixed64:
                return unchecked((ulong)StrangeValues.Number(random));
            default:
                return StrangeValues.Number(random);
        }
    }
}
