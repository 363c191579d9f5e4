using System.Globalization;

namespace Flotilla.Local;

/// <summary>One server per data directory. The kernel releases the lock with the process, however that ends.</summary>
internal sealed class DataLock : IDisposable
{
    private readonly FileStream file;
    private readonly string pidFile;

    private DataLock(FileStream file, string pidFile)
    {
        this.file = file;
        this.pidFile = pidFile;
    }

    /// <exception cref="UserError">Another process has it.</exception>
    public static DataLock Take(ClusterSettings settings)
    {
        Directory.CreateDirectory(settings.DataDirectory);
        try
        {
            var file = new FileStream(settings.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(settings.PidFile + ".new", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            File.Move(settings.PidFile + ".new", settings.PidFile, overwrite: true);
            return new DataLock(file, settings.PidFile);
        }
        catch (IOException) when (new ServerProcess(settings).Find() is { } other)
        {
            throw new UserError($"{settings.DataDirectory} is in use by process {other}.");
        }
    }

    public void Dispose()
    {
        File.Delete(pidFile);
        file.Dispose();
    }
}
