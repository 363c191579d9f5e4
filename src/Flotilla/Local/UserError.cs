using Flotilla.Linux.Commands;
using Flotilla.Node.Joining;
using Flotilla.Storage;

namespace Flotilla.Local;

/// <summary>Something the user can mend; the message is the whole explanation.</summary>
internal sealed class UserError(string message) : Exception(message)
{
    /// <summary>Whether the message alone says what is wrong, without a stack trace.</summary>
    public static bool Explains(Exception failure) =>
        failure is UserError or JoinException or CommandException or TimeoutException or InvalidDataException or StorageException or IOException
            or UnauthorizedAccessException or InvalidOperationException { StackTrace: not null };
}
