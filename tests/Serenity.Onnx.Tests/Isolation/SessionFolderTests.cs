using Serenity.Onnx.Isolation;

namespace Serenity.Onnx.Tests.Isolation;

/// <summary>The folder that parent and host share is removed whenever its parent is dead, however far somebody came with making or removing it, and never before.</summary>
[TestClass]
public sealed class SessionFolderTests
{
    [TestMethod]
    public void What_was_left_at_any_moment_of_making_and_removing_is_removed_and_what_is_in_use_is_not()
    {
        string around = Directory.CreateTempSubdirectory("session-folders-").FullName;
        try
        {
            string Made(string name, params string[] files)
            {
                string folder = Directory.CreateDirectory(Path.Combine(around, "serenity-host-" + name)).FullName;
                foreach (string file in files)
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, file))!);
                    File.WriteAllText(Path.Combine(folder, file), "");
                }
                return folder;
            }

            string own = Made("own", "parent.lock", "1/request"), used = Made("used", "parent.lock", "1/request", "2/request");
            Made("new");
            Made("locked", "parent.lock");
            Made("killed", "parent.lock", "1/request", "1/model", "ort.tmp");
            string other = Directory.CreateDirectory(Path.Combine(around, "another")).FullName;
            FileStream Hold(string folder) => new(Path.Combine(folder, "parent.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            using (Hold(own))
            using (Hold(used))
                SessionFolder.RemoveAbandoned(own);

            CollectionAssert.AreEqual(new[] { other, own, used }, Directory.GetDirectories(around).Order(StringComparer.Ordinal).ToArray());
            Assert.HasCount(3, Directory.GetFiles(used, "*", SearchOption.AllDirectories));
        }
        finally
        {
            Directory.Delete(around, recursive: true);
        }
    }

    [TestMethod]
    public void One_that_cannot_be_removed_whole_keeps_its_lock_until_it_can()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Rights are those of Unix.");
            return;
        }
        string around = Directory.CreateTempSubdirectory("session-folders-").FullName, folder = Directory.CreateDirectory(Path.Combine(around, "serenity-host-a", "1")).Parent!.FullName;
        File.WriteAllText(Path.Combine(folder, "parent.lock"), "");
        File.WriteAllText(Path.Combine(folder, "1", "request"), "");
        UnixFileMode before = File.GetUnixFileMode(Path.Combine(folder, "1"));
        File.SetUnixFileMode(Path.Combine(folder, "1"), UnixFileMode.None);
        SessionFolder.RemoveAbandoned(Path.Combine(around, "own"));
        if (Directory.Exists(folder))
        {
            // Not so for root, whom rights do not stop.
            Assert.IsTrue(File.Exists(Path.Combine(folder, "parent.lock")));
            File.SetUnixFileMode(Path.Combine(folder, "1"), before);
            SessionFolder.RemoveAbandoned(Path.Combine(around, "own"));
        }
        Assert.IsEmpty(Directory.GetDirectories(around));
        Directory.Delete(around);
    }

    [TestMethod]
    public void A_link_that_is_named_like_one_is_not_followed()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Making a link takes rights there.");
            return;
        }
        string around = Directory.CreateTempSubdirectory("session-folders-").FullName, elsewhere = Directory.CreateTempSubdirectory("session-folders-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(elsewhere, "parent.lock"), "");
            File.WriteAllText(Path.Combine(elsewhere, "kept"), "");
            Directory.CreateSymbolicLink(Path.Combine(around, "serenity-host-link"), elsewhere);
            // In one that is removed, links go, and not what they lead to.
            string killed = Directory.CreateDirectory(Path.Combine(around, "serenity-host-killed")).FullName;
            File.WriteAllText(Path.Combine(killed, "parent.lock"), "");
            Directory.CreateSymbolicLink(Path.Combine(killed, "inside"), elsewhere);

            SessionFolder.RemoveAbandoned(Path.Combine(around, "own"));

            Assert.IsFalse(Directory.Exists(killed));
            Assert.HasCount(2, Directory.GetFiles(elsewhere));
        }
        finally
        {
            Directory.Delete(around, recursive: true);
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    [TestMethod]
    public void It_is_made_while_others_remove_what_has_no_lock_yet()
    {
        using CancellationTokenSource enough = new();
        string around = Path.GetTempPath();
        Thread[] removers = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (!enough.IsCancellationRequested)
                SessionFolder.RemoveAbandoned(Path.Combine(around, "own"));
        }))];
        foreach (Thread remover in removers)
            remover.Start();
        try
        {
            for (int i = 0; i < 200; i++)
            {
                using SessionFolder folder = SessionFolder.Create();
                Assert.IsTrue(File.Exists(Path.Combine(folder.Path, "parent.lock")));
            }
        }
        finally
        {
            enough.Cancel();
            foreach (Thread remover in removers)
                remover.Join();
        }
    }
}
