using Serenity.Build.Cache;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tests.Cache;

[TestClass]
public sealed class PlanCacheTests
{
    private static readonly byte[] _secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static readonly string _key = new('0', 64), _other = new('1', 64);

    [TestMethod]
    public void What_is_added_is_found_whole()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path, _secret);
        Assert.IsNull(cache.Find(_key, "net.onnx"));
        Assert.IsTrue(cache.Add(_key, Entry()));
        OptimizedOutput found = cache.Find(_key, "net.onnx")!;
        CollectionAssert.AreEqual((byte[])[1, 2, 3], found.Model);
        CollectionAssert.AreEqual(ManifestJson.Write(Manifest()), ManifestJson.Write(found.Manifest));
        Assert.AreEqual("net.onnx.data", found.DataFile);
        Assert.AreEqual(PlanLayout.Blocked16, found.Variants.Single().Layout);
        CollectionAssert.AreEqual((byte[])[4, 5], found.Variants[0].Model);
        CollectionAssert.AreEqual((byte[])[6], found.Variants[0].Plan);
        using MemoryStream data = new();
        found.WriteData!(data);
        Assert.AreEqual(3_000_000, data.Length);
        Assert.IsTrue(data.ToArray().AsSpan().IndexOfAnyExcept((byte)7) < 0);
    }

    [TestMethod]
    public void An_entry_with_any_byte_changed_or_cut_off_is_not_trusted()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path, _secret);
        cache.Add(_key, Entry() with { DataFile = null, WriteData = null });
        string file = Directory.GetFiles(folder.Path, "*.plan").Single();
        byte[] whole = File.ReadAllBytes(file);
        for (int at = 0; at < whole.Length; at += 13)
        {
            byte[] flipped = [.. whole];
            flipped[at] ^= 0x20;
            File.WriteAllBytes(file, flipped);
            Assert.IsNull(cache.Find(_key, "net.onnx"), $"byte {at} flipped");
            File.WriteAllBytes(file, whole[..at]);
            Assert.IsNull(cache.Find(_key, "net.onnx"), $"cut at {at}");
        }
        File.WriteAllBytes(file, [.. whole, 0]);
        Assert.IsNull(cache.Find(_key, "net.onnx"), "something appended");
        File.WriteAllBytes(file, whole);
        Assert.IsNotNull(cache.Find(_key, "net.onnx"));
    }

    [TestMethod]
    public void An_entry_of_another_key_under_our_name_is_not_ours()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path, _secret);
        cache.Add(_key, Entry());
        File.Move(Path.Combine(folder.Path, _key + ".plan"), Path.Combine(folder.Path, _other + ".plan"));
        Assert.IsNull(cache.Find(_other, "net.onnx"));
    }

    [TestMethod]
    [DataRow("../evil.data")]
    [DataRow("/evil.data")]
    [DataRow("..")]
    [DataRow("a\0b")]
    [DataRow("other.onnx.data")]
    public void An_entry_cannot_name_a_data_file_elsewhere(string name)
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path, _secret);
        cache.Add(_key, Entry() with { DataFile = name });
        Assert.IsNull(cache.Find(_key, "net.onnx"));
    }

    [TestMethod]
    public void A_folder_that_cannot_be_written_fails_nothing()
    {
        using TempFolder folder = new();
        string file = Path.Combine(folder.Path, "a-file");
        File.WriteAllText(file, "");
        PlanCache cache = new(file, _secret);
        Assert.IsFalse(cache.Add(_key, Entry()));
        Assert.IsNull(cache.Find(_key, "net.onnx"));
        Assert.IsNull(cache.Lock(_key, CancellationToken.None));
    }

    [TestMethod]
    public void Only_one_holds_the_lock_of_a_key()
    {
        using TempFolder folder = new();
        int inside = 0, most = 0;
        Parallel.For(0, 40, new ParallelOptions { MaxDegreeOfParallelism = 8 }, round =>
        {
            using IDisposable? held = new PlanCache(folder.Path, _secret).Lock(_key, CancellationToken.None);
            Assert.IsNotNull(held);
            int now = Interlocked.Increment(ref inside);
            lock (folder)
                most = Math.Max(most, now);
            Thread.Sleep(round % 3);
            Interlocked.Decrement(ref inside);
        });
        Assert.AreEqual(1, most);
        Assert.IsEmpty(Directory.GetFiles(folder.Path), "It is gone with its last holder.");
    }

    [TestMethod]
    public void Waiting_for_a_lock_can_be_cancelled()
    {
        using TempFolder folder = new();
        using IDisposable? held = new PlanCache(folder.Path, _secret).Lock(_key, CancellationToken.None);
        using CancellationTokenSource cancel = new(50);
        Assert.ThrowsExactly<OperationCanceledException>(() => new PlanCache(folder.Path, _secret).Lock(_key, cancel.Token));
    }

    [TestMethod]
    public void Entries_not_used_for_a_month_go()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path, _secret);
        cache.Add(_key, Entry());
        File.SetLastWriteTimeUtc(Path.Combine(folder.Path, _key + ".plan"), DateTime.UtcNow.AddDays(-31));
        cache.Add(_other, Entry());
        Assert.IsNull(cache.Find(_key, "net.onnx"));
        Assert.IsNotNull(cache.Find(_other, "net.onnx"));
    }

    [TestMethod]
    public void An_entry_that_somebody_else_signed_is_not_trusted_and_is_replaced()
    {
        using TempFolder folder = new();
        Assert.IsTrue(new PlanCache(folder.Path, [.. _secret.Reverse()]).Add(_key, Entry()));
        PlanCache cache = new(folder.Path, _secret);
        Assert.IsNull(cache.Find(_key, "net.onnx"));
        Assert.IsTrue(cache.Add(_key, Entry()));
        Assert.IsNotNull(cache.Find(_key, "net.onnx"));
    }

    [TestMethod]
    public void Without_a_secret_nothing_is_found_or_kept()
    {
        using TempFolder folder = new();
        new PlanCache(folder.Path, _secret).Add(_key, Entry());
        PlanCache cache = new(folder.Path, null);
        Assert.IsFalse(cache.Contains(_key));
        Assert.IsNull(cache.Find(_key, "net.onnx"));
        Assert.IsFalse(cache.Add(_other, Entry()));
    }

    [TestMethod]
    public void Values_that_no_plan_has_are_not_taken_even_if_signed()
    {
        MemoryManifest good = Manifest();
        MemoryManifest[] bad =
        [
            good with { Version = 2 },
            good with { Tool = new("Serenity.Build", "0.0.0") },
            good with { Peak = good.Peak with { Bytes = -1 } },
            good with { Peak = good.Peak with { WorkspaceBytes = -1 } },
            good with { Weights = new(-1) },
            good with { Warnings = [new("SER2401\nerror SER1001", "x")] },
            good with { Warnings = [new("SER2401", "one line\nand a forged one")] },
            good with { Profile = [.. good.Profile, 1] },
            good with { Profile = [.. good.Profile.Select(_ => -1L)] },
            good.With(tensors: [good.Tensors[0] with { LastStep = 1000 }]),
            good.With(tensors: [good.Tensors[0] with { Offset = -8 }]),
            good with { Budget = new(null, BudgetVerdict.Pass) },
        ];
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path, _secret);
        cache.Add(_key, Entry());
        Assert.IsNotNull(cache.Find(_key, "net.onnx"));
        foreach (MemoryManifest manifest in bad)
        {
            cache.Add(_key, Entry() with { Manifest = manifest });
            Assert.IsNull(cache.Find(_key, "net.onnx"));
        }
    }

    [TestMethod]
    public void What_stands_in_the_place_of_an_entry_is_a_miss_and_goes()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path, _secret);
        Directory.CreateDirectory(Path.Combine(folder.Path, _key + ".plan"));
        Assert.IsNull(cache.Find(_key, "net.onnx"));
        Assert.IsTrue(cache.Add(_key, Entry()));
        Assert.IsNotNull(cache.Find(_key, "net.onnx"));
        if (OperatingSystem.IsWindows())
            return;
        // A link may lead to what never ends.
        File.CreateSymbolicLink(Path.Combine(folder.Path, _other + ".plan"), "/dev/zero");
        Assert.IsNull(cache.Find(_other, "net.onnx"));
        Assert.IsTrue(cache.Add(_other, Entry()));
        Assert.IsNotNull(cache.Find(_other, "net.onnx"));
    }

    [TestMethod]
    public void An_entry_that_changes_while_it_is_read_is_not_written_out()
    {
        using TempFolder folder = new();
        PlanCache cache = new(folder.Path, _secret);
        cache.Add(_key, Entry());
        OptimizedOutput found = cache.Find(_key, "net.onnx")!;
        string file = Path.Combine(folder.Path, _key + ".plan");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^100] ^= 1;
        File.WriteAllBytes(file, bytes);
        using MemoryStream data = new();
        Assert.ThrowsExactly<IOException>(() => found.WriteData!(data));
    }

    [TestMethod]
    public void A_users_secret_is_made_once_and_is_theirs_alone()
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "a", "cache.key");
        byte[] made = CacheSecret.OfUser(path)!;
        Assert.HasCount(32, made);
        CollectionAssert.AreEqual(made, CacheSecret.OfUser(path));
        if (!OperatingSystem.IsWindows())
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        File.WriteAllText(path, "too short");
        Assert.IsNull(CacheSecret.OfUser(path));
    }

    private static MemoryManifest Manifest() => TestManifest.Create() with { Tool = Identity.ToolIdentity.Tool };

    private static OptimizedOutput Entry() => new(Manifest(), [1, 2, 3], "net.onnx.data", stream =>
    {
        byte[] block = new byte[1_000_000];
        Array.Fill(block, (byte)7);
        for (int i = 0; i < 3; i++)
            stream.Write(block);
    })
    { Variants = [new OptimizedVariant(PlanLayout.Blocked16, [4, 5], [6])] };
}
